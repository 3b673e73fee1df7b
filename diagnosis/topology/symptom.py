"""What users of a service notice, and since when."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from diagnosis.onset.onset import ChangePoint, Onset, Symptom, find_step
from diagnosis.onset.periods import GUARD, choose_periods
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

NEARLY = 0.95
"""Part of the best onset's score from which an earlier one is as good: normal time has no trouble in it."""

SURE = 0.25
"""Strength (0–1) of a change from which it is a symptom."""


MOMENT = 50.0
"""Seconds for which a slow moment shows at most, as rates are taken over 20."""

LASTING, MOSTLY = 2 / 3, 0.5
"""Part of the least rise by which steps are worse, and part of those since the onset that is most of them."""

LEADS, SHORTEST = 60.0, 60.0
"""Seconds by which one symptom of a trouble may lead another, and of normal time that is enough before it."""


class Noticed(NamedTuple):
    """A symptom of an entity: `onset` in Unix seconds, `strength` (0–1), and what is compared.

    One that does not last was moments that are over.
    """

    entity: Entity
    aspect: Aspect
    onset: float
    strength: float
    sides: Sides
    lasts: bool = True


def find_symptoms(
    aligned: AlignedSeries, system: System, entity: Entity, alerted_at: float | None
) -> list[Noticed]:
    """What got worse at an entity, the surest first. If nobody was alerted, it has to last."""
    traffic = system.served.get(entity)
    if traffic is None:
        return []
    values = {Aspect.TIME: traffic.seconds, Aspect.REQUESTS: traffic.failed}
    known = {aspect: series for aspect, series in values.items() if series is not None}
    points = {
        aspect: point
        for aspect, series in known.items()
        if (point := find_step(aligned, series, _symptom(aspect, series), alerted_at, NEARLY))
        and point.strength > SURE
    }
    found = [_notice(aligned, known, entity, aspect, point, alerted_at) for aspect, point in points.items()]
    told = [noticed for noticed in found if noticed.lasts or alerted_at is not None]
    return sorted(told, key=lambda noticed: -noticed.strength)


def _lasts(aligned: AlignedSeries, series: Values, point: ChangePoint) -> bool:
    """Whether it is worse most of the time since its onset, or for longer than a moment at a time."""
    known = np.isfinite(series)
    values = series[known]
    first = int(np.searchsorted(aligned.times[known], point.at, side="right"))
    usual = float(np.median(values[: max(1, first)]))
    worse = values[first:] > usual + LASTING * point.symptom.least
    longest = max((sum(1 for _ in steps) for is_worse, steps in groupby(worse) if is_worse), default=0)
    return bool(worse.mean() >= MOSTLY) or longest * aligned.evidence.step > MOMENT


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
    lasts = _lasts(aligned, values[aspect], point)
    return Noticed(entity, aspect, point.at, point.strength, sides, lasts)


def compare_with_peace(aligned: AlignedSeries, noticed: Sequence[Noticed]) -> list[Noticed]:
    """Each compared with the time before the first symptom of the trouble: one may be noticed late."""
    return [_compare(aligned, each, noticed) for each in noticed]


def _compare(aligned: AlignedSeries, late: Noticed, noticed: Sequence[Noticed]) -> Noticed:
    first = min(each.onset for each in noticed if 0 <= late.onset - each.onset <= LEADS)
    before = late.sides.before & (aligned.times <= first - GUARD)
    is_enough = before.sum() * aligned.evidence.step >= SHORTEST
    return late._replace(sides=late.sides._replace(before=before)) if is_enough else late
