"""What is lost at an entity: the time waited and the requests failed beyond normal.

Both are amounts, so they add up: what a service loses is what its dependencies made it lose, and its own.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from diagnosis.signals.changes import ramp
from diagnosis.signals.series import Values
from diagnosis.topology.traffic import Mask, Sides, Traffic


class Aspect(StrEnum):
    """What is lost: seconds waited per second, or requests failed per second."""

    TIME = "time"
    REQUESTS = "requests"


class Loss(NamedTuple):
    """`amount` in the aspect's unit, 0 for a gain; `certainty` (0–1) that it is not noise.

    `usual` and `now` are the mean duration in seconds, or the share that failed.
    """

    amount: float
    certainty: float
    usual: float
    now: float

    @property
    def certain(self) -> float:
        """The amount as far as it is certain."""
        return self.amount * self.certainty


NOTHING = Loss(0.0, 0.0, float("nan"), float("nan"))

SMALLEST = {Aspect.TIME: 0.0005, Aspect.REQUESTS: 0.002}
"""Spread in seconds and in shares below which a flat series counts as if it had this one."""

OF_USUAL = {Aspect.TIME: 0.08, Aspect.REQUESTS: 0.0}
"""The same as a part of the usual value."""

CHANCE, CERTAIN = 1.5, 4.0
"""Spreads up to which a rise is chance, and from which it is certain."""

TAILS = ((75, 0.674), (95, 1.645))
"""Percentiles of normal time, and how many spreads each is above the median of a normal distribution."""


def measure_loss(traffic: Traffic | None, aspect: Aspect, sides: Sides) -> Loss:
    """How much more is lost after than before; NOTHING if either is unknown."""
    if traffic is None:
        return NOTHING
    values = traffic.seconds if aspect is Aspect.TIME else traffic.failed
    now = traffic.level(values, sides.after)
    normal = _known(values, sides.before)
    if not len(normal) or np.isnan(now):
        return NOTHING
    usual = float(np.median(normal))
    spread = max(_spread(normal, usual), SMALLEST[aspect], OF_USUAL[aspect] * usual)
    rise = max(0.0, now - usual)
    return Loss(rise * traffic.requests(sides.after), ramp(rise / spread, CHANCE, CERTAIN), usual, now)


def _spread(normal: Values, usual: float) -> float:
    """That of the upper half, and of its tail where it is heavier than a normal distribution's."""
    return max(float(np.percentile(normal, at) - usual) / spreads for at, spreads in TAILS)


def _known(values: Values | None, where: Mask) -> Values:
    return np.array([]) if values is None else values[where & np.isfinite(values)]
