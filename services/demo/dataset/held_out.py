"""Which ratings the model may learn from, and which are kept back as the truth."""

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset.ratings import Dataset, Ratings

HELD_OUT_SHARE = 0.2
SPLIT_SEED = 20


def split(dataset: Dataset) -> tuple[Ratings, Ratings]:
    """Split into (train, held out): a fifth of each user's ratings, rounded, is held out.

    The choice is a seeded hash of user and movie, so it is the same everywhere, whatever the row order.
    """
    ratings = dataset.ratings
    order = np.lexsort((hash_pairs(ratings.user_ids, ratings.movie_ids, SPLIT_SEED), ratings.user_ids))
    _, first, counts = np.unique(ratings.user_ids[order], return_index=True, return_counts=True)
    rank = np.arange(len(ratings)) - np.repeat(first, counts)
    held_out = np.empty(len(ratings), dtype=bool)
    held_out[order] = rank < np.repeat(np.floor(counts * HELD_OUT_SHARE + 0.5), counts)
    return ratings.select(~held_out), ratings.select(held_out)


def hash_pairs(left: NDArray[np.int32], right: NDArray[np.int32], seed: int) -> NDArray[np.uint64]:
    """Hash pairs of ids to uint64[n] with the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    mixed = (left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64)
    mixed = mixed + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
