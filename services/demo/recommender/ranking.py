"""Scoring and ranking, pure: n items, f factors."""

import numpy as np
from numpy.typing import NDArray

ItemIds = NDArray[np.int32]
Places = NDArray[np.int64]
Vector = NDArray[np.float32]
Ranked = list[tuple[int, float]]
"""Item ids with their scores, best first."""


def score(item_factors: Vector, user_factors: Vector) -> Vector:
    """Score all items for a user: float32[n, f] @ float32[f] → float32[n], higher is better, no unit."""
    return item_factors @ user_factors


def locate(item_ids: ItemIds, wanted: ItemIds) -> Places:
    """The places of the `wanted` items in `item_ids` int32[n], strictly increasing; of those that it has."""
    places = np.minimum(np.searchsorted(item_ids, wanted), len(item_ids) - 1)
    found: Places = places[item_ids[places] == wanted]
    return found


def rank(scores: Vector, item_ids: ItemIds, seen: Places, k: int) -> Ranked:
    """The k best of `item_ids` int32[n] by `scores` float32[n], without those at the places `seen`.

    Fewer where fewer are left.
    """
    unseen = scores.copy()
    unseen[seen] = -np.inf
    k = min(k, len(unseen))
    best = np.argpartition(unseen, len(unseen) - k)[len(unseen) - k :]
    best = best[np.argsort(-unseen[best], kind="stable")]
    best = best[np.isfinite(unseen[best])]
    return list(zip(item_ids[best].tolist(), unseen[best].tolist(), strict=True))


def rank_popular(popular: ItemIds, k: int) -> Ranked:
    """The first k of the popular list; for want of a personal score, the reciprocal of the place in it."""
    return [(item_id, 1.0 / place) for place, item_id in enumerate(popular[:k].tolist(), start=1)]
