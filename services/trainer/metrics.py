"""Offline quality of ranked lists against held-out ratings."""

import numpy as np
from numpy.typing import NDArray

from services.dataset import Ratings


def measure(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Ratings, prefix: str = ""
) -> dict[str, float]:
    """Precision, hit rate and NDCG at k of `lists`: item ids int32[m, k], best first, one row per user.

    A held-out movie is relevant whatever its rating. Averages over users who have held-out ratings; NDCG with
    binary gain and logarithmic discount (Järvelin and Kekäläinen, 2002).
    """
    k = lists.shape[1]
    relevant = find_relevant(user_ids, lists, held_out)
    held = np.bincount(np.searchsorted(user_ids, held_out.user_ids), minlength=len(user_ids))
    judged = held > 0
    discount = 1.0 / np.log2(np.arange(k) + 2.0)
    ideal = np.concatenate(([0.0], np.cumsum(discount)))[np.minimum(held, k)]
    values = {
        "precision": relevant.mean(axis=1)[judged],
        "hit_rate": (relevant.sum(axis=1) > 0)[judged],
        "ndcg": (relevant @ discount)[judged] / ideal[judged],
    }
    return {f"{prefix}{name}_at_{k}": round(float(np.mean(found)), 6) for name, found in values.items()}


def find_relevant(
    user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Ratings
) -> NDArray[np.bool_]:
    """Which entries of `lists` the user has a held-out rating for, bool[m, k]."""
    held = (held_out.user_ids.astype(np.int64) << 32) | held_out.movie_ids
    shown = (user_ids.astype(np.int64)[:, None] << 32) | lists
    return np.isin(shown, held)
