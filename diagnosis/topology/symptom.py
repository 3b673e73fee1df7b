"""What users of a service notice, and since when."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from diagnosis.onset.onset import ChangePoint, Onset, Symptom, find_step
from diagnosis.onset.periods import choose_periods
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity
from diagnosis.topology.losses import Aspect
from diagnosis.topology.traffic import Sides

LEAST = {Aspect.TIME: 0.02, Aspect.REQUESTS: 0.015}
"""Seconds by which a mean duration, and share of requests by which failures have to rise to be noticed."""

OF_USUAL = {Aspect.TIME: 0.3, Aspect.REQUESTS: 0.0}
"""The same as a part of the usual value."""

NOISE = {Aspect.TIME: 0.005, Aspect.REQUESTS: 0.005}
"""Spread below which a flat series counts as if it had this one."""

SURE = 0.25
"""Strength (0–1) of a change from which it is a symptom."""


class Noticed(NamedTuple):
    """A symptom of an entity: `onset` in Unix seconds, `strength` (0–1), and what is compared."""

    entity: Entity
    aspect: Aspect
    onset: float
    strength: float
    sides: Sides


def find_symptoms(
    aligned: AlignedSeries, system: System, entity: Entity, alerted_at: float | None
) -> list[Noticed]:
    """What got worse at an entity, the surest first."""
    traffic = system.served.get(entity)
    if traffic is None:
        return []
    values = {Aspect.TIME: traffic.seconds, Aspect.REQUESTS: traffic.failed}
    known = {aspect: series for aspect, series in values.items() if series is not None}
    points = {
        aspect: point
        for aspect, series in known.items()
        if (point := find_step(aligned, series, _symptom(aspect, series), alerted_at))
        and point.strength > SURE
    }
    found = [_notice(aligned, known, entity, aspect, point, alerted_at) for aspect, point in points.items()]
    return sorted(found, key=lambda noticed: -noticed.strength)


def _symptom(aspect: Aspect, values: Values) -> Symptom:
    usual = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
    least = max(LEAST[aspect], OF_USUAL[aspect] * usual)
    return Symptom(aspect, 1, max(NOISE[aspect], least / 4), least)


def _notice(
    aligned: AlignedSeries,
    values: Mapping[Aspect, Values],
    entity: Entity,
    aspect: Aspect,
    point: ChangePoint,
    alerted_at: float | None,
) -> Noticed:
    series = {str(name): each for name, each in values.items()}
    periods = choose_periods(aligned, series, Onset(point.at, [point]), alerted_at)
    sides = Sides(aligned.inside(periods.before), periods.affected)
    return Noticed(entity, aspect, point.at, point.strength, sides)
