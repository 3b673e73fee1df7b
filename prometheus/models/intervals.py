"""Where a measure of a segment lies, from its value in so many trials."""

from math import sqrt

from prometheus.quantities import Z, wilson_interval

SPREAD = {"mae": 1.0, "rmse": 1.12, "mape": 3.0, "log_loss": 3.0}
"""Standard deviation by mean: of absolute errors that of an exponential distribution, of their squares that
of Laplace's; three times the mean for relative errors and log loss, which have long tails."""


def interval(measure: str, value: float, trials: float) -> tuple[float, float]:
    """Where it lies with probability 95%: of errors the normal interval, of shares and means of what is
    between 0 and 1 Wilson's."""
    if measure not in SPREAD:
        return wilson_interval(value * trials, trials)
    half = Z * SPREAD[measure] * value / sqrt(trials)
    return max(0.0, value - half), value + half
