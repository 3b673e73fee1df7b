"""Where a measure of a model lies, from its value in so many trials."""

from math import sqrt

from prometheus.quantities import Z, wilson_interval

SPREAD = {"mae": 1.0, "rmse": 1.12, "mape": 3.0, "log_loss": 3.0}
"""Standard deviation by mean: of absolute errors that of an exponential distribution, of their squares that
of Laplace's; three times the mean for relative errors and log loss, which have long tails."""

LOWER_IS_BETTER = (*SPREAD, "brier")
"""Measures that are better when lower."""


def interval(measure: str, value: float, trials: float) -> tuple[float, float]:
    """Where a measure lies with probability 95%, from its value in so many trials.

    Of shares and means of what is between 0 and 1 it is Wilson's (1927), of others the normal one.
    """
    if measure != "r2" and measure not in LOWER_IS_BETTER:
        return wilson_interval(value * trials, trials)
    half = Z * _deviation(measure, value) / sqrt(trials)
    return value - half, value + half


def _deviation(measure: str, value: float) -> float:
    if measure == "r2":
        return 2 * SPREAD["rmse"] * (1 - value)
    return sqrt(value * (2 - value)) if measure == "brier" else SPREAD[measure] * value
