"""Regression."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from whence_monitor import bins
from whence_monitor.binning import Codes, Values
from whence_monitor.families import Attributes, Family
from whence_monitor.formulas import regression as r
from whence_monitor.inputs.columns import read_number
from whence_monitor.reference import PREDICTION, Cell, Number, Reference
from whence_monitor.tasks.errors import PredictionErrors
from whence_monitor.tasks.task import Quantities, Task, positive_part

QUANTITIES = (
    "judged",
    "error_over",
    "error_under",
    "error_squared",
    "error_relative",
    "truth_not_zero",
    "truth_over",
    "truth_under",
    "truth_squared",
)
"""Errors are prediction - truth: MAE = (over + under) / judged, bias = (over - under) / judged.

`error_relative` is the sum of |error / truth| over truths that are not 0. `truth_…` are of truth - centre:
variance does not depend on the centre, and is more precise with one that is near.
"""


class Regression(Task[float, float]):
    """Predictions and truths are finite numbers; `centre` is the same in all processes."""

    def __init__(self, base: Attributes, segments: Sequence[str], centre: float) -> None:
        self._centre = centre
        self._quantities = Quantities(base, segments, QUANTITIES)
        self._errors: PredictionErrors | None = None
        self.families = [self._quantities.family]

    def watch(self, reference: Reference, base: Attributes) -> list[Family]:
        """Errors by the bins that the reference has of predictions."""
        feature = reference.features.get(PREDICTION)
        self._errors = PredictionErrors(base, feature) if isinstance(feature, Number) else None
        return [self._errors.family] if self._errors else []

    def read_prediction(self, given: Any) -> float | None:
        number = read_number(given)
        return number if number is not None and abs(number) <= bins.LARGEST else None

    def read_truth(self, given: Any) -> float | None:
        return self.read_prediction(given)

    def as_feature(self, prediction: float) -> float:
        return prediction

    def truth_as_feature(self, truth: float) -> float:
        return truth

    def judge(self, predictions: Sequence[float], truths: Sequence[float], segments: Codes) -> Values:
        predicted, true = np.array(predictions, np.float64), np.array(truths, np.float64)
        errors = predicted - true
        if self._errors:
            self._errors.add(predicted, errors)
        not_zero = true != 0
        relative = np.divide(np.abs(errors), np.abs(true), out=np.zeros(len(true)), where=not_zero)
        centred = true - self._centre
        self._quantities.add(
            segments,
            judged=np.ones(len(true)),
            error_over=positive_part(errors),
            error_under=positive_part(-errors),
            error_squared=errors**2,
            error_relative=relative,
            truth_not_zero=not_zero.astype(np.float64),
            truth_over=positive_part(centred),
            truth_under=positive_part(-centred),
            truth_squared=centred**2,
        )
        size: Values = np.abs(errors)
        return size

    def measures(self) -> dict[str, float]:
        sums = self._quantities.totals
        if not sums["judged"]:
            return {}
        found = {
            "mae": r.mean_absolute_error(sums),
            "rmse": r.root_mean_squared_error(sums),
            "bias": r.bias(sums),
        }
        if sums["truth_not_zero"]:
            found["mape"] = r.mean_absolute_percentage_error(sums)
        return found | ({"r2": r.r_squared(sums)} if r.truth_varies(sums) else {})

    def calibration(self) -> tuple[Cell, ...]:
        return self._errors.calibration() if self._errors else ()
