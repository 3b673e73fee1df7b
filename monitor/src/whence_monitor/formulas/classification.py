"""Measures of classification, from outcomes by class `tp`, `fp`, `fn` float64[k], and from scores by bin."""

import numpy as np
from numpy.typing import NDArray

from whence_monitor.formulas.drift import Counts, Values


def accuracy(tp: Counts, fn: Counts) -> float:
    """The share of predictions that were right."""
    return float(np.sum(tp) / (np.sum(tp) + np.sum(fn)))


def precision(tp: Counts, fp: Counts) -> Values:
    """By class, the share of predictions of it that were right; 0 if it was never predicted."""
    return _divide(tp, tp + fp)


def recall(tp: Counts, fn: Counts) -> Values:
    """By class, the share of its cases that were found; 0 if it has none."""
    return _divide(tp, tp + fn)


def f1(tp: Counts, fp: Counts, fn: Counts) -> Values:
    """By class, the harmonic mean of precision and recall."""
    return _divide(2 * tp, 2 * tp + fp + fn)


def macro(by_class: Values, tp: Counts, fp: Counts, fn: Counts) -> float:
    """The mean over the classes that were predicted or true."""
    return float(np.mean(by_class[tp + fp + fn > 0]))


def weighted(by_class: Values, tp: Counts, fn: Counts) -> float:
    """The mean over classes, weighted by how often each was true."""
    return float(np.average(by_class, weights=tp + fn))


def roc_auc(no: Counts, yes: Counts) -> tuple[float, float]:
    """Area under the ROC curve, and how much it may be off for the width of the bins.

    Counts of scores float64[b] of what came true or did not. Two scores in a bin are a tie and count half
    (Mann and Whitney, 1947); in truth each may be either way.
    """
    pairs = np.sum(no) * np.sum(yes)
    below = np.cumsum(no) - no
    ties = np.sum(no * yes) / 2
    return float((np.sum(yes * below) + ties) / pairs), float(ties / pairs)


def calibration_error(no: Counts, yes: Counts, expected: Values) -> float:
    """Expected calibration error (Naeini et al., 2015): the mean gap of share and score."""
    return float(np.sum(np.abs(yes - expected)) / (np.sum(no) + np.sum(yes)))


def demographic_parity_difference(predicted: Counts, all_of_group: Counts) -> float:
    """The largest difference between groups float64[g] of the share that class 1 was predicted of."""
    return float(np.ptp(predicted / all_of_group))


def equal_opportunity_difference(tp: Counts, fn: Counts) -> float:
    """The largest difference between groups float64[g] of the recall of class 1."""
    return float(np.ptp(recall(tp, fn)))


def _divide(parts: NDArray[np.float64] | NDArray[np.int64], wholes: Counts) -> Values:
    return np.divide(parts, wholes, out=np.zeros(np.shape(wholes)), where=np.asarray(wholes) > 0)
