"""Offline quality of ranked lists, against held-out ratings where it takes any."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from whence_monitor.formulas.ranking import QUANTITIES, Judgement, judge_list

from services.demo.dataset import Ratings
from services.demo.storage.held_out import HeldOut

Pairs = Ratings | HeldOut
"""Who rated what."""

MEASURES = {
    "precision": "precision",
    "recall": "recall",
    "hit_rate": "hits",
    "ndcg": "ndcg",
    "mrr": "reciprocal_rank",
}
"""Quantities of a judgement by the measure that is their mean."""


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

    Of each user who has held-out ratings, float64[≤m] in their order, as `judge_list` has them. A held-out
    movie is relevant whatever its rating.
    """
    judged = np.array(list(_judge(user_ids, lists, held_out))).reshape(-1, len(QUANTITIES))
    k = lists.shape[1]
    return {f"{name}_at_{k}": judged[:, QUANTITIES.index(of)] for name, of in MEASURES.items()}


def measure_coverage(lists: NDArray[np.int32], item_ids: NDArray[np.int32]) -> float:
    """Share of the catalogue `item_ids` int32[n] that is in any of `lists` int32[m, k]."""
    return round(float(np.mean(np.isin(item_ids, lists))), 6)


def _judge(user_ids: NDArray[np.int32], lists: NDArray[np.int32], held_out: Pairs) -> Iterator[Judgement]:
    """One at a time: of a large data set, sets of what everybody rated would not fit into memory."""
    order = np.argsort(held_out.user_ids, kind="stable")
    users, movies = held_out.user_ids[order], held_out.movie_ids[order]
    begins, ends = (np.searchsorted(users, user_ids, side) for side in ("left", "right"))
    for shown, begin, end in zip(lists, begins, ends, strict=True):
        if begin < end:
            yield judge_list(shown.tolist(), dict.fromkeys(movies[begin:end].tolist(), 1.0))
