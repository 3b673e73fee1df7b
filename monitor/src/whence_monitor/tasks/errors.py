"""Errors of a regression by the bin of its prediction: what estimates of its performance are made of."""

import numpy as np

from whence_monitor import bins
from whence_monitor import instruments as i
from whence_monitor.binning import NumberBins, Values
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.inputs.columns import Numbers
from whence_monitor.reference import PREDICTION, Cell, Number

QUANTITIES = ("judged", "error_absolute", "error_squared", "error_fourth")
"""Labels, and sums of powers of the errors."""
LARGEST = 1e75
"""A larger error counts as this: the fourth power of it is finite."""


class PredictionErrors:
    """Sums of the errors by the bins of the feature PREDICTION."""

    def __init__(self, base: Attributes, feature: Number) -> None:
        self._bins = NumberBins({PREDICTION: feature})
        self._names = [name for name in feature.names if name in bins.FINITE]
        self._sums = np.zeros((len(self._names), len(QUANTITIES)))
        attributes = [{**base, **a} for a in spell(**{i.BIN: self._names, i.QUANTITY: QUANTITIES})]
        self.family = Family(i.PREDICTION_ERRORS, attributes, self._sums.reshape(-1))

    def add(self, predictions: Values, errors: Values) -> None:
        """Add the errors of n predictions, both float64[n]."""
        codes = self._bins.code(Numbers(predictions[:, None], None))[:, 0]
        size = np.minimum(np.abs(errors), LARGEST)
        for place, power in enumerate((0, 1, 2, 4)):
            self._sums[:, place] += np.bincount(codes, size**power, minlength=len(self._names))

    def calibration(self) -> tuple[Cell, ...]:
        """What is known of each bin that has labels."""
        known = zip(self._names, self._sums.tolist(), strict=True)
        return tuple(
            Cell(name, "", dict(zip(QUANTITIES, sums, strict=True))) for name, sums in known if sums[0]
        )
