"""How well a model does while labels are late, from its predictions and what became of such ones before.

Of a classifier: of each bin of scores, the share that came true before is expected to come true now
(confidence-based performance estimation, as NannyML has it: each prediction is right with its calibrated
probability). Of a regression: the mean error of each bin of predictions is expected now (direct loss
estimation with the bin as the model of the loss).

Both follow a shift of the predictions. Neither sees a change of the relation of features and truth: then the
estimate stays as it was, and is wrong. What predictions in bins without labels would do is not guessed: with
too many of them there is no estimate.
"""

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np

from whence_monitor.formulas.classification import roc_auc
from whence_monitor.formulas.drift import Counts, Values

TWO_SIDED = 1.959963984540054
"""Standard normal quantile of an interval of 95%."""
ENOUGH = 10
"""Labels of a cell from which its share, or its mean, is known."""
MOST_UNCOVERED = 0.05
"""The share of predictions in cells that are not known, above which there is no estimate."""


class Estimate(NamedTuple):
    """A measure of the present predictions is in `value` ± `margin` with probability 95%.

    That holds if their relation to the truth is as it was before, and predictions are spread within a bin as
    they were. Both what was learned from a sample and the
    chance of these predictions are in the margin.
    """

    value: float
    margin: float


def covered(predictions: Counts, judged: Counts) -> float:
    """The share of predictions in cells that are known, from counts of the same cells."""
    return float(np.sum(predictions[judged >= ENOUGH]) / np.sum(predictions))


def estimate_classification(
    predictions: Counts, judged: Counts, came_true: Counts, expected: Values
) -> dict[str, Estimate]:
    """Accuracy; precision, recall and F1 of class 1, AUC and Brier score; none if too little is known.

    All are float64[b, 2]: by bin of scores, least first, and whether class 1 was predicted. `predictions` are
    the present ones, the others what is known: labels, how many came true and how many should have, by their
    scores. With several classes what comes true is the predicted one, and only the accuracy means something.
    A measure that is undefined is left out. The Brier score is too small by the variance of the scores within
    a bin: .0008 if they are even in one that is .1 wide. Margins are by the delta method, that of AUC by
    Hanley and McNeil (1982).
    """
    if covered(predictions, judged) < 1 - MOST_UNCOVERED:
        return {}
    number, right, spread = _expect_shares(predictions, judged, came_true)
    wrong, total = number - right, float(np.sum(number))
    accuracy = float(right[:, 1].sum() + wrong[:, 0].sum()) / total
    score = np.divide(expected, judged, out=np.zeros(np.shape(judged)), where=number > 0)
    brier = float(np.sum(right * (1 - 2 * score) + number * score**2)) / total
    estimates = {
        "accuracy": Estimate(accuracy, _margin(np.sum(spread), total)),
        "brier": Estimate(brier, _margin(np.sum((1 - 2 * score) ** 2 * spread), total)),
        **_estimate_class_1(right.sum(axis=0), wrong.sum(axis=0), spread.sum(axis=0)),
    }
    if right.any() and wrong.any():
        estimates["auc"] = _estimate_auc(right, wrong, judged, came_true)
    return estimates


def estimate_regression(predictions: Counts, sums: Mapping[str, Values]) -> dict[str, Estimate]:
    """MAE and RMSE by name; none if too little is known.

    `predictions` float64[b] are the present ones by bin, `sums` float64[b] the quantities of `tasks.errors`.
    """
    judged = sums["judged"]
    if covered(predictions, judged) < 1 - MOST_UNCOVERED:
        return {}
    total = np.sum(predictions[judged >= ENOUGH])
    absolute, spread = _expect_means(predictions, judged, sums["error_absolute"], sums["error_squared"])
    squared, spread_of_squares = _expect_means(
        predictions, judged, sums["error_squared"], sums["error_fourth"]
    )
    rmse = sqrt(squared / total)
    margin = _margin(spread_of_squares, total) / (2 * rmse) if rmse else 0.0
    return {"mae": Estimate(absolute / float(total), _margin(spread, total)), "rmse": Estimate(rmse, margin)}


def _expect_shares(predictions: Counts, judged: Counts, came_true: Counts) -> tuple[Values, Values, Values]:
    """By cell, predictions where that is known, how many should come true, and the variance of that number.

    The variance takes half a label more of each kind: a share that was never seen to fail is not certain.
    """
    number = np.where(judged >= ENOUGH, predictions, 0.0)
    known = np.maximum(judged, 1)
    share = (came_true + 0.5) / (judged + 1)
    return number, number * came_true / known, number * share * (1 - share) * (1 + number / known)


def _expect_means(predictions: Counts, judged: Counts, sums: Values, squares: Values) -> tuple[float, float]:
    """The sum over predictions of what has these sums, and the variance of it."""
    known = judged >= ENOUGH
    number, of = predictions[known], judged[known]
    mean = sums[known] / of
    variance = np.maximum(squares[known] / of - mean**2, 0.0)
    return float(np.sum(number * mean)), float(np.sum(number * variance * (1 + number / of)))


def _estimate_class_1(right: Values, wrong: Values, spread: Values) -> dict[str, Estimate]:
    """Of sums float64[2] over cells that class 1 was not predicted of, and over those that it was."""
    fn, tp = map(float, right)
    fp = float(wrong[1])
    of_no, of_yes = spread
    estimates = {}
    if tp + fp:
        estimates["precision"] = Estimate(tp / (tp + fp), _margin(of_yes, tp + fp))
    if tp + fn:
        recall, f1 = tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)
        of_recall = (1 - recall) ** 2 * of_yes + recall**2 * of_no
        estimates["recall"] = Estimate(recall, _margin(of_recall, tp + fn))
        of_f1 = (2 - f1) ** 2 * of_yes + f1**2 * of_no
        estimates["f1"] = Estimate(f1, _margin(of_f1, 2 * tp + fp + fn))
    return estimates


def _estimate_auc(right: Values, wrong: Values, judged: Counts, came_true: Counts) -> Estimate:
    area = roc_auc(wrong.sum(axis=1), right.sum(axis=1))[0]
    known = float(np.sum(came_true))
    variance = _auc_variance(area, right.sum(), wrong.sum())
    variance += _auc_variance(area, known, float(np.sum(judged)) - known)
    return Estimate(area, TWO_SIDED * sqrt(variance))


def _auc_variance(area: float, yes: float, no: float) -> float:
    """Of samples with so many that came true, and that did not (Hanley and McNeil, 1982)."""
    better, worse = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    return float((area * (1 - area) + (yes - 1) * better + (no - 1) * worse) / (yes * no))


def _margin(spread: float, total: float) -> float:
    return float(TWO_SIDED * sqrt(spread) / total)
