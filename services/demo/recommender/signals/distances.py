"""Distances between distributions; `expected` and `observed` are shares of the same bins, float64[b].

Written out, and tested against SciPy. The recommender uses nothing else of it, and loading it would add 29 MB
(scipy.spatial.distance, for Jensen-Shannon) or 62 MB (scipy.stats, for Kolmogorov-Smirnov) to 80 MB resident.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def smooth(counts: Values) -> Values:
    """Shares, none 0, from counts float64[b] with half an observation more in each bin (Jeffreys' prior)."""
    shares: Values = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares


def measure_stability(expected: Values, observed: Values) -> float:
    """Population stability index, Σ (o - e) ln(o / e): Jeffreys' divergence. All shares > 0.

    By custom .1 is a moderate and .25 a large shift (Siddiqi, Credit Risk Scorecards, 2006).
    """
    return float(np.sum((observed - expected) * np.log(observed / expected)))


def measure_jensen_shannon(expected: Values, observed: Values) -> float:
    """Jensen-Shannon distance, 0–1: square root of the divergence in bits (Endres and Schindelin, 2003)."""
    middle = (expected + observed) / 2
    divergence = _diverge(expected, middle) / 2 + _diverge(observed, middle) / 2
    return float(np.sqrt(max(0.0, divergence)))


def _diverge(shares: Values, middle: Values) -> float:
    there = shares > 0
    return float(np.sum(shares[there] * np.log2(shares[there] / middle[there])))


def measure_kolmogorov_smirnov(reference: Values, values: Values) -> float:
    """Two-sample Kolmogorov-Smirnov statistic of `reference` float64[r], sorted, and `values` float64[n]."""
    ordered = np.sort(values)
    everywhere = np.concatenate((reference, ordered))
    below_reference = np.searchsorted(reference, everywhere, side="right") / len(reference)
    below_values = np.searchsorted(ordered, everywhere, side="right") / len(ordered)
    return float(np.max(np.abs(below_reference - below_values)))


def measure_ordered_gap(expected: Values, observed: Values) -> float:
    """Kolmogorov-Smirnov statistic of ordered categories: the largest gap between cumulated shares."""
    return float(np.max(np.abs(np.cumsum(expected) - np.cumsum(observed))))
