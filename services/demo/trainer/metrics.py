"""Offline quality of ranked lists, against held-out ratings where it takes any."""

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset import Ratings


def measure(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Ratings, prefix: str = ""
) -> dict[str, float]:
    """Precision, recall, hit rate, NDCG and MRR at k of `lists`: item ids int32[m, k], best first.

    A held-out movie is relevant whatever its rating. Averages over users who have held-out ratings; NDCG with
    binary gain and logarithmic discount (Järvelin and Kekäläinen, 2002); MRR is the mean reciprocal place of
    the first relevant movie (Voorhees, 1999).
    """
    k = lists.shape[1]
    relevant = find_relevant(user_ids, lists, held_out)
    held = np.bincount(np.searchsorted(user_ids, held_out.user_ids), minlength=len(user_ids))
    judged = held > 0
    hit = relevant.max(axis=1)
    discount = 1.0 / np.log2(np.arange(k) + 2.0)
    ideal = np.concatenate(([0.0], np.cumsum(discount)))[np.minimum(held, k)]
    values = {
        "precision": relevant.mean(axis=1)[judged],
        "recall": relevant.sum(axis=1)[judged] / held[judged],
        "hit_rate": hit[judged],
        "ndcg": (relevant @ discount)[judged] / ideal[judged],
        "mrr": (hit / (relevant.argmax(axis=1) + 1))[judged],
    }
    return {f"{prefix}{name}_at_{k}": round(float(np.mean(found)), 6) for name, found in values.items()}


def measure_coverage(lists: NDArray[np.int32], item_ids: NDArray[np.int32]) -> float:
    """Share of the catalogue `item_ids` int32[n] that is in any of `lists` int32[m, k]."""
    return round(float(np.mean(np.isin(item_ids, lists))), 6)


def measure_order(
    users: NDArray[np.int64],
    items: NDArray[np.int64],
    clicked: NDArray[np.bool_],
    scores: NDArray[np.float32],
) -> float:
    """NDCG of what each user was shown, ordered by a model's scores: n items of users, each clicked or not.

    An item that was shown and clicked once is relevant. Averages over users who clicked something, but not
    all; without any it is 1.
    """
    pairs, first, of = np.unique(np.stack([users, items]), axis=1, return_index=True, return_inverse=True)
    relevant = np.bincount(of.ravel(), clicked) > 0
    values = []
    order = np.lexsort((-scores[first], pairs[0]))
    ends = np.flatnonzero(np.diff(pairs[0][order])) + 1
    for gains in np.split(relevant[order], ends):
        if gains.any() and not gains.all():
            discount = 1.0 / np.log2(np.arange(len(gains)) + 2.0)
            values.append(float(gains @ discount / discount[: gains.sum()].sum()))
    return float(np.mean(values)) if values else 1.0


def find_relevant(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Ratings
) -> NDArray[np.bool_]:
    """Which entries of `lists` the user has a held-out rating for, bool[m, k]."""
    held = (held_out.user_ids.astype(np.int64) << 32) | held_out.movie_ids
    shown = (user_ids.astype(np.int64)[:, None] << 32) | lists
    return np.isin(shown, held)
