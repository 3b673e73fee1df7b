"""Distances of two distributions; `reference` and `current` are counts of the same bins, float64[b]."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[Any]
Values = NDArray[np.float64]


def shares(counts: Counts) -> Values:
    """The share of each bin; NaN if nothing was counted."""
    with np.errstate(invalid="ignore"):
        result: Values = counts / np.sum(counts)
    return result


def smooth(counts: Counts) -> Values:
    """Shares of counts with half an observation more in each bin (Jeffreys' prior): none is 0."""
    return shares(counts + 0.5)


def occupied(reference: Counts, current: Counts) -> int:
    """How many bins are not empty in both."""
    return int(np.sum((reference > 0) | (current > 0)))


def population_stability(reference: Counts, current: Counts) -> float:
    """Population stability index of smoothed shares, Σ (q - p) ln(q / p): Jeffreys' divergence.

    Bins that are empty in both are left out: smoothed, they would differ by the numbers of samples alone.
    By custom .1 is a moderate and .25 a large shift (Siddiqi, Credit Risk Scorecards, 2006), whatever the
    number of samples: see `significance.stability_limit`.
    """
    there = (reference > 0) | (current > 0)
    p, q = smooth(reference[there]), smooth(current[there])
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance, 0 to 1: the root of the divergence in bits (Endres and Schindelin, 2003)."""
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)))


def _relative_entropy(p: Values, q: Values) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log2(p[there] / q[there])))


def kolmogorov_smirnov(reference: Counts, current: Counts) -> float:
    """Largest difference of cumulated shares, of bins in their order."""
    return float(np.max(np.abs(np.cumsum(shares(reference)) - np.cumsum(shares(current)))))


def wasserstein(reference: Counts, current: Counts, positions: Values) -> float:
    """First Wasserstein distance, in the unit of `positions` float64[b], where each bin's values are."""
    gaps = np.abs(np.cumsum(shares(reference) - shares(current)))[:-1]
    return float(np.sum(gaps * np.diff(positions)))


def chi_square(reference: Counts, current: Counts) -> tuple[float, int]:
    """Pearson's statistic of homogeneity, without continuity correction, and its degrees of freedom.

    Bins that are empty in both are left out.
    """
    table = np.array([reference, current], np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected)), table.shape[1] - 1
