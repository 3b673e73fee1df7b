"""When versions of models served, and how often they answered, as Prometheus knows it."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import NamedTuple

from pydantic import BaseModel

from prometheus.client import Answers, AsyncClient, Point, TimeSeries, query, query_batch, query_range_batch
from prometheus.models import serving as s
from prometheus.series.models import MODEL

DAYS = 30
"""How far back is looked; Prometheus may keep less."""

HOUR = 3600
POINTS, SHORTEST, LEAST_WINDOW = 720, 60, 120
"""Steps of a look, the seconds of the shortest, and those that hold two samples of a slow sender."""


class Key(NamedTuple):
    """A version of a model of a service."""

    service: str
    model: str
    version: str


class Period(BaseModel):
    """A time without a gap in which a version answered; without an end it still does."""

    since: datetime
    until: datetime | None


class Serving(BaseModel):
    """What a service did with a version: `answers` within the last 30 days, estimated by Prometheus."""

    service: str
    model: str
    version: str
    data_set: str
    answers: float
    periods: list[Period]


async def find_versions(prometheus: AsyncClient, *where: str) -> dict[Key, str]:
    """The data set of each version that reported within the last 30 days. Raises SourceAway."""
    found = await prometheus.ask(query(s.versions(*where, window=f"{DAYS}d")))
    return {
        Key(*(each.labels.get(name, "") for name in MODEL)): each.labels.get(s.DATA_SET, "") for each in found
    }


async def find_servings(prometheus: AsyncClient, *where: str) -> list[Serving]:
    """Each version that matches, with when and how often it answered. Raises SourceAway."""
    known = await find_versions(prometheus, *where)
    if not known:
        return []
    names, now = sorted({key.version for key in known}), time.time()
    counted = await prometheus.ask(query_batch(s.answers(*names, window=f"{DAYS}d"), now))
    periods = await _find_periods(prometheus, names, now)
    return [
        Serving(
            **key._asdict(),
            data_set=known[key],
            answers=sum(series.last for series in _choose(counted, key)),
            periods=periods.get(key, []),
        )
        for key in sorted(known)
    ]


async def _find_periods(
    prometheus: AsyncClient, versions: Sequence[str], now: float
) -> dict[Key, list[Period]]:
    """First by the hour, then as fine as the time between the first and the last answer allows."""
    rough = await prometheus.ask(
        query_range_batch(s.answers(*versions, window="1h"), now - DAYS * 24 * HOUR, now, HOUR)
    )
    times = [
        when for found in rough.values() for series in found for when, value in series.points if value > 0
    ]
    if not times:
        return {}
    first, last = min(times) - HOUR, max(times)
    step = max(SHORTEST, ceil((last - first) / POINTS))
    window = max(step, LEAST_WINDOW)
    asked = query_range_batch(s.answers(*versions, window=f"{window}s"), first, last, step)
    fine = await prometheus.ask(asked)
    keys = {Key(*(each.labels[name] for name in MODEL)) for each in fine["predictions"]}
    return {
        key: [period for series in _choose(fine, key) for period in _join(series.points, step, window, now)]
        for key in keys
    }


def _choose(found: Answers, key: Key) -> list[TimeSeries]:
    """The series of a version: of its requests if its service counts them, else of its predictions."""
    requests = [
        each
        for each in found["requests"]
        if (each.labels[s.SERVICE], each.labels[s.VERSION]) == (key.service, key.version)
    ]
    return requests or [
        each for each in found["predictions"] if Key(*(each.labels[name] for name in MODEL)) == key
    ]


def _join(points: Sequence[Point], step: float, window: float, now: float) -> list[Period]:
    """Periods of counts above 0: a count is of the `window` before it, and comes every `step` seconds."""
    stretches: list[tuple[float, float]] = []
    for when in (when for when, count in points if count > 0):
        if stretches and when - stretches[-1][1] <= 1.5 * step:
            stretches[-1] = stretches[-1][0], when
        else:
            stretches.append((when, when))
    return [
        Period(
            since=datetime.fromtimestamp(first - step, UTC),
            until=None
            if last + step > now
            else datetime.fromtimestamp(max(last - window + step, first), UTC),
        )
        for first, last in stretches
    ]
