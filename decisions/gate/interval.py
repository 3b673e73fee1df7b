"""How much of the live version's quality a candidate keeps: a ratio of means over the same units."""

from math import inf

import numpy as np
from scipy.special import stdtrit

from decisions.experiments.judgement import UNKNOWN, Interval
from decisions.experiments.sequence import Numbers


def compare_means(part: Numbers, whole: Numbers, confidence: float) -> Interval:
    """mean(part) / mean(whole), of n units each (float64[n], ≥ 0), with its interval at that confidence.

    E. C. Fieller, "Some problems in interval estimation", JRSS B 16, 1954, with the covariance of pairs: it
    holds each ratio r for which a paired t-test does not tell `part` from r × `whole`, so that units that are
    hard for both versions widen nothing. It has no ends where the mean of `whole` may be 0.
    """
    units = len(part)
    if units < 2 or not whole.any():
        return UNKNOWN
    if np.array_equal(part, whole):
        return Interval(1.0, 1.0, 1.0)
    above, below = float(part.mean()), float(whole.mean())
    squared = float(stdtrit(units - 1, (1 + confidence) / 2)) ** 2
    (vary_above, vary_both), (_, vary_below) = squared * np.cov(part, whole) / units
    first, middle, last = below**2 - vary_below, above * below - vary_both, above**2 - vary_above
    if first <= 0:
        return Interval(above / below, -inf, inf)
    half = max(middle**2 - first * last, 0.0) ** 0.5
    return Interval(above / below, float((middle - half) / first), float((middle + half) / first))
