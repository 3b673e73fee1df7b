"""Scoring and ranking, pure: n items, f factors."""

import numpy as np
from numpy.typing import NDArray

ItemIds = NDArray[np.int32]
Vector = NDArray[np.float32]
Ranked = list[tuple[int, float]]
"""Item ids with their scores, best first."""


def score(item_factors: Vector, user_factors: Vector) -> Vector:
    """Score all items for a user: float32[n, f] @ float32[f] → float32[n], higher is better, no unit."""
    return item_factors @ user_factors


def rank(scores: Vector, item_ids: ItemIds, seen: ItemIds, k: int) -> Ranked:
    """The k best items not in `seen`; fewer where fewer are left.

    `scores` is float32[n], `item_ids` int32[n] strictly increasing; ids in `seen` that the model does not have are
    ignored.
    """
    unseen = scores.copy()
    unseen[_find(item_ids, seen)] = -np.inf
    k = min(k, len(unseen))
    best = np.argpartition(unseen, len(unseen) - k)[len(unseen) - k :]
    best = best[np.argsort(-unseen[best], kind="stable")]
    best = best[np.isfinite(unseen[best])]
    return list(zip(item_ids[best].tolist(), unseen[best].tolist(), strict=True))


def rank_popular(popular: ItemIds, k: int) -> Ranked:
    """The first k of the popular list; the score is the reciprocal of the place in it, for want of a personal one."""
    return [(item_id, 1.0 / place) for place, item_id in enumerate(popular[:k].tolist(), start=1)]


def _find(item_ids: ItemIds, wanted: ItemIds) -> NDArray[np.intp]:
    places = np.searchsorted(item_ids, wanted)
    places = np.minimum(places, len(item_ids) - 1)
    return places[item_ids[places] == wanted]
