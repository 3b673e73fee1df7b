"""Measures of regression from the quantities of `tasks.regression`, by their names."""

from collections.abc import Mapping
from math import sqrt

Sums = Mapping[str, float]


def mean_absolute_error(sums: Sums) -> float:
    """MAE."""
    return (sums["error_over"] + sums["error_under"]) / sums["judged"]


def root_mean_squared_error(sums: Sums) -> float:
    """RMSE."""
    return sqrt(sums["error_squared"] / sums["judged"])


def mean_absolute_percentage_error(sums: Sums) -> float:
    """MAPE as a share, of truths that are not 0."""
    return sums["error_relative"] / sums["truth_not_zero"]


def bias(sums: Sums) -> float:
    """The mean of prediction - truth."""
    return (sums["error_over"] - sums["error_under"]) / sums["judged"]


def r_squared(sums: Sums) -> float:
    """R²: 1 - squared errors / squared deviations of the truth from its mean.

    The deviations are a difference of sums: exact to 1e-9 where the mean is at most 100 times the standard
    deviation; beyond, the error grows with the square of their ratio.
    """
    return 1 - sums["error_squared"] / _deviations(sums)


def truth_varies(sums: Sums) -> bool:
    """Whether truths differ by more than rounding: else R² means nothing."""
    return _deviations(sums) > 1e-9 * sums["truth_squared"]


def _deviations(sums: Sums) -> float:
    """The sum of squared deviations of the truth from its mean."""
    total = sums["truth_over"] - sums["truth_under"]
    return sums["truth_squared"] - total**2 / sums["judged"]
