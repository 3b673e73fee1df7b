"""What can be said of a variant beside the control: better, worse, no difference that matters, not yet."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, log1p, nan

import numpy as np

from decisions.experiments.estimates import Estimate
from decisions.experiments.sequence import choose_scale, deciding_error, log_e_value, radius

ENOUGH = 100
"""Requests of a variant below which nothing is said: the error of a ratio is an approximation for many."""


class Decision(StrEnum):
    """What the interval says at this look."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "no difference that matters"
    NOT_YET = "not yet"


@dataclass(frozen=True)
class Interval:
    """An estimate between its bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A variant against the control; `change` is relative to the control, `difference` in the metric's unit.

    `wait` are the seconds until the interval is as narrow as the minimum effect, at the present rate: 0 if it
    is, infinite if the present users never suffice, and `users` then how many times as many would; NaN if
    that cannot be told yet.
    """

    decision: Decision
    change: Interval
    difference: Interval
    log_e: float
    wait: float
    users: float = 1.0


UNKNOWN = Interval(nan, -inf, inf)
UNDECIDED = Comparison(Decision.NOT_YET, UNKNOWN, UNKNOWN, -inf, nan)
"""Too little was counted to say anything, also how long it will take."""


def compare(
    control: Estimate,
    variant: Estimate,
    *,
    better: str,
    minimum_effect: float,
    alpha: float,
    elapsed: float,
) -> Comparison:
    """Judge one metric of a variant by its interval at level 1 - `alpha`, `elapsed` seconds after the start.

    The decision is by the ratio, whose minimum effect is declared; the interval of the difference is as wide
    for the effect that this is of the control's value. `better` is higher or lower.
    """
    change = variant.log().minus(control.log())
    error, freedom = float(change.error), float(change.freedom)
    if not (isfinite(float(change.value)) and 0 < error < inf and freedom > 0):
        return UNDECIDED
    least = log1p(minimum_effect)
    scale = choose_scale(least, alpha)
    found = _interval(change, scale, alpha)
    difference = variant.minus(control)
    absolute = choose_scale(minimum_effect * float(control.value), alpha)
    wait, users = _forecast(error, float(change.lasting), deciding_error(least, alpha, freedom), elapsed)
    return Comparison(
        _decide(found, least, better),
        Interval(*map(float, np.expm1([found.value, found.low, found.high]))),
        _interval(difference, absolute, alpha),
        float(log_e_value(change.value, change.error, scale, change.freedom)),
        wait,
        users,
    )


def _interval(of: Estimate, scale: float, alpha: float) -> Interval:
    value, half = float(of.value), float(radius(of.error, scale, alpha, of.freedom))
    return Interval(value, value - half, value + half)


def _decide(change: Interval, least: float, better: str) -> Decision:
    if -least < change.low and change.high < least:
        return Decision.SAME
    higher, lower = (Decision.BETTER, Decision.WORSE)[:: 1 if better == "higher" else -1]
    if change.low > 0:
        return higher
    return lower if change.high < 0 else Decision.NOT_YET


def _forecast(error: float, lasting: float, needed: float, elapsed: float) -> tuple[float, float]:
    """Seconds to wait, and how many times the users it takes: the error of requests shrinks with the root of
    their number, the lasting one with that of the users'."""
    if error <= needed:
        return 0.0, 1.0
    if lasting >= needed:
        return inf, (lasting / needed) ** 2 if needed else inf
    times = (error**2 - lasting**2) / (needed**2 - lasting**2)
    return elapsed * (times - 1), 1.0
