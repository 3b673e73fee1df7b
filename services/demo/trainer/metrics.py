"""Offline quality of ranked lists, against held-out ratings where it takes any."""

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset import Ratings
from services.demo.storage.held_out import HeldOut

Pairs = Ratings | HeldOut
"""Who rated what."""


def measure(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Pairs, prefix: str = ""
) -> dict[str, float]:
    """Averages of `measure_users` over users who have held-out ratings."""
    values = measure_users(user_ids, lists, held_out)
    return {f"{prefix}{name}": round(float(np.mean(found)), 6) for name, found in values.items()}


def measure_users(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Pairs
) -> dict[str, NDArray[np.float64]]:
    """Precision, recall, hit rate, NDCG and MRR at k of `lists`: item ids int32[m, k], best first.

    Of each user who has held-out ratings, float64[≤m] in their order. A held-out movie is relevant whatever
    its rating. NDCG with binary gain and logarithmic discount (Järvelin and Kekäläinen, 2002); MRR is the
    reciprocal place of the first relevant movie (Voorhees, 1999).
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
        "hit_rate": hit[judged].astype(np.float64),
        "ndcg": (relevant @ discount)[judged] / ideal[judged],
        "mrr": (hit / (relevant.argmax(axis=1) + 1))[judged],
    }
    return {f"{name}_at_{k}": found for name, found in values.items()}


def measure_coverage(lists: NDArray[np.int32], item_ids: NDArray[np.int32]) -> float:
    """Share of the catalogue `item_ids` int32[n] that is in any of `lists` int32[m, k]."""
    return round(float(np.mean(np.isin(item_ids, lists))), 6)


def find_relevant(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Pairs
) -> NDArray[np.bool_]:
    """Which entries of `lists` the user has a held-out rating for, bool[m, k]."""
    held = (held_out.user_ids.astype(np.int64) << 32) | held_out.movie_ids
    shown = (user_ids.astype(np.int64)[:, None] << 32) | lists
    return np.isin(shown, held)
