"""What lists are like, whoever sees them: n items of a model with f factors, t items shown in a lists."""

import numpy as np
from numpy.typing import NDArray

from services.demo.recommender.ranking import ItemIds

Vectors = NDArray[np.float32]
Lengths = NDArray[np.int64]
Values = NDArray[np.float64]


def rank_percentiles(item_ids: ItemIds, popularity: ItemIds) -> Values:
    """Popularity of each of `item_ids`, 1 for the first of `popularity`, 0 for its last and for strangers."""
    percentiles = np.zeros(len(item_ids))
    percentile = np.linspace(1.0, 0.0, num=len(popularity)) if len(popularity) > 1 else np.ones(1)
    places = np.minimum(np.searchsorted(item_ids, popularity), len(item_ids) - 1)
    known = item_ids[places] == popularity
    percentiles[places[known]] = percentile[: len(popularity)][known]
    return percentiles


def average(values: Values, lengths: Lengths) -> Values:
    """Mean of each list's part of `values` float64[t]; `lengths` int64[a] > 0 sum to t."""
    means: Values = np.add.reduceat(values, _starts(lengths)) / lengths
    return means


def measure_diversity(vectors: Vectors, lengths: Lengths) -> Values:
    """Mean of 1 - cosine over all pairs of each list (Ziegler et al., 2005), float64[a]; NaN for one item.

    `vectors` float32[t, f] are the items' factors. Over the ordered pairs of k unit vectors, cosines sum
    to the square of the length of the vectors' sum, less k.
    """
    lengths_of = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths_of > 0, lengths_of, 1.0)
    squares = np.sum(np.square(np.add.reduceat(units, _starts(lengths), axis=0), dtype=np.float64), axis=1)
    own = np.add.reduceat(np.sum(np.square(units, dtype=np.float64), axis=1), _starts(lengths))
    pairs = np.where(lengths > 1, lengths * (lengths - 1.0), np.nan)
    diversity: Values = 1.0 - (squares - own) / pairs
    return diversity


def _starts(lengths: Lengths) -> Lengths:
    return np.concatenate(([0], np.cumsum(lengths)[:-1]))
