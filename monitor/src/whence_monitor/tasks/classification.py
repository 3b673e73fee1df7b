"""Binary and multi-class classification."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from whence_monitor import bins
from whence_monitor import instruments as i
from whence_monitor.binning import Codes, Values
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.formulas import classification as c
from whence_monitor.inputs.columns import read_number
from whence_monitor.reference import Cell
from whence_monitor.tasks.scores import Scores
from whence_monitor.tasks.task import Quantities, Task

MOST_CLASSES = 20
"""Classes with series of their own; further ones are counted as `other`."""
LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""A log loss takes no probability to be less, as in scikit-learn."""
TOLERANCE = 1e-3
"""By which probabilities may sum up to something else than 1."""
QUANTITIES = ("scored", "log_loss", "brier")
"""Labelled predictions with probabilities; the sum of -ln p of the truth; that of squared errors of p."""
_OUTCOMES = ("tp", "fp", "fn")


class Outcomes:
    """True positives, false positives and false negatives by segment and class."""

    def __init__(self, base: Attributes, segments: Sequence[str], classes: Sequence[str]) -> None:
        self._counts = np.zeros((len(segments), len(classes), len(_OUTCOMES)), np.int64)
        names = {i.SEGMENT: segments, i.CLASS: classes, i.OUTCOME: _OUTCOMES}
        self.family = Family(i.OUTCOMES, [{**base, **a} for a in spell(**names)], self._counts.reshape(-1))

    def measures(self) -> dict[str, float]:
        """Accuracy; precision, recall and F1 as means over classes, and of class 1 if there are two."""
        tp, fp, fn = self._counts.sum(axis=0).T
        if not (tp + fn).any():
            return {}
        by_class = {"precision": c.precision(tp, fp), "recall": c.recall(tp, fn), "f1": c.f1(tp, fp, fn)}
        of_class_1 = {name: float(values[1]) for name, values in by_class.items()} if len(tp) == 2 else {}
        macro = {f"{name}_macro": c.macro(values, tp, fp, fn) for name, values in by_class.items()}
        return {"accuracy": c.accuracy(tp, fn), **of_class_1, **macro}

    def add(self, predicted: Codes, true: Codes, segments: Codes) -> None:
        """Count classes int64[n]; those beyond the named ones are the last, `other`."""
        right = predicted == true
        last = self._counts.shape[1] - 1
        counted = np.minimum(predicted, last), np.minimum(true, last)
        for outcome, which, classes in ((0, right, 0), (1, ~right, 0), (2, ~right, 1)):
            np.add.at(self._counts, (segments[which], counted[classes][which], outcome), 1)


class Binary(Task[float, int]):
    """A prediction is the probability of class 1, or the class; a truth is 0 or 1, also as bool or text."""

    def __init__(self, base: Attributes, segments: Sequence[str], threshold: float) -> None:
        self._threshold = threshold
        self._outcomes = Outcomes(base, segments, ("0", "1"))
        self._quantities = Quantities(base, segments, QUANTITIES)
        self._scores = Scores(base, threshold)
        self.families = [self._outcomes.family, self._quantities.family, *self._scores.families]

    def read_prediction(self, given: Any) -> float | None:
        return _read_probability(given)

    def read_truth(self, given: Any) -> int | None:
        return bins.TRUTHS.get(bins.name_category(given) or "")

    def as_feature(self, prediction: float) -> float:
        return prediction

    def truth_as_feature(self, truth: int) -> int:
        return truth

    def note(self, predictions: Sequence[float]) -> None:
        self._scores.note(np.array(predictions, np.float64))

    def judge(self, predictions: Sequence[float], truths: Sequence[int], segments: Codes) -> Values:
        scores, true = np.array(predictions, np.float64), np.array(truths, np.int64)
        self._outcomes.add((scores >= self._threshold).astype(np.int64), true, segments)
        self._scores.judge(scores, true == 1)
        of_truth = np.where(true == 1, scores, 1.0 - scores)
        self._quantities.add(
            segments, scored=np.ones(len(scores)), log_loss=_log_loss(of_truth), brier=(scores - true) ** 2
        )
        return 1.0 - of_truth

    def measures(self) -> dict[str, float]:
        return _measure(self._outcomes, self._quantities, self._scores)

    def calibration(self) -> tuple[Cell, ...]:
        return self._scores.calibration()


class Classified(NamedTuple):
    """The code of the predicted class, and the probabilities of all classes if they are known."""

    code: int
    probabilities: tuple[float, ...] | None


class MultiClass(Task[Classified, int]):
    """A prediction is a class, or probabilities by class or in the order of `classes`; a truth is a class."""

    def __init__(self, base: Attributes, segments: Sequence[str], classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._code = {name: code for code, name in enumerate(self._classes)}
        named = (*self._classes[:MOST_CLASSES], bins.OTHER)
        self._outcomes = Outcomes(base, segments, named)
        self._quantities = Quantities(base, segments, QUANTITIES)
        self._scores = Scores(base, threshold=0.0)
        self.families = [self._outcomes.family, self._quantities.family, *self._scores.families]

    def read_prediction(self, given: Any) -> Classified | None:
        if isinstance(given, Mapping):
            by_name = {bins.name_category(name): value for name, value in given.items()}
            unknown = by_name.keys() - self._code.keys()
            return None if unknown else self._read_probabilities([by_name.get(n, 0) for n in self._classes])
        code = self.read_truth(given)
        if code is not None:
            return Classified(code, None)
        return self._read_probabilities(given)

    def read_truth(self, given: Any) -> int | None:
        name = bins.name_category(given)
        return None if name is None else self._code.get(name, len(self._classes))

    def as_feature(self, prediction: Classified) -> str:
        return self.truth_as_feature(prediction.code)

    def truth_as_feature(self, truth: int) -> str:
        return (*self._classes, bins.OTHER)[truth]

    def note(self, predictions: Sequence[Classified]) -> None:
        scores = [p.probabilities[p.code] for p in predictions if p.probabilities is not None]
        self._scores.note(np.array(scores, np.float64))

    def judge(self, predictions: Sequence[Classified], truths: Sequence[int], segments: Codes) -> Values:
        predicted = np.array([prediction.code for prediction in predictions], np.int64)
        true = np.array(truths, np.int64)
        self._outcomes.add(predicted, true, segments)
        scored = np.array([prediction.probabilities is not None for prediction in predictions])
        if scored.any():
            table = np.array([p.probabilities for p in predictions if p.probabilities is not None])
            self._judge_probabilities(table, predicted[scored], true[scored], segments[scored])
        missed: Values = (predicted != true).astype(np.float64)
        return missed

    def measures(self) -> dict[str, float]:
        return _measure(self._outcomes, self._quantities, self._scores)

    def calibration(self) -> tuple[Cell, ...]:
        return self._scores.calibration()

    def _judge_probabilities(self, table: Values, predicted: Codes, true: Codes, segments: Codes) -> None:
        rows = np.arange(len(table))
        self._scores.judge(table[rows, predicted], predicted == true)
        with_unknown = np.column_stack((table, np.zeros(len(table))))
        of_truth = with_unknown[rows, true]
        squares = np.square(with_unknown).sum(axis=1) - of_truth**2 + (1.0 - of_truth) ** 2
        self._quantities.add(
            segments, scored=np.ones(len(table)), log_loss=_log_loss(of_truth), brier=squares
        )

    def _read_probabilities(self, given: Any) -> Classified | None:
        try:
            read = [_read_probability(value) for value in given]
        except TypeError:
            return None
        known = [value for value in read if value is not None]
        if len(known) < len(read) or len(read) != len(self._classes) or abs(sum(known) - 1.0) > TOLERANCE:
            return None
        return Classified(known.index(max(known)), tuple(known))


def _measure(outcomes: Outcomes, quantities: Quantities, scores: Scores) -> dict[str, float]:
    sums = quantities.totals
    scored = sums["scored"]
    means = {name: sums[name] / scored for name in ("log_loss", "brier")} if scored else {}
    return {**outcomes.measures(), **means, **scores.measures()}


def _read_probability(given: Any) -> float | None:
    value = read_number(given)
    return value if value is not None and 0.0 <= value <= 1.0 else None


def _log_loss(of_truth: Values) -> Values:
    losses: Values = -np.log(np.clip(of_truth, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY))
    return losses
