"""The two curves that tell an incident's story: quality, and the latency of storage."""

import asyncio
import math
from datetime import UTC, datetime
from statistics import median

from pydantic import BaseModel

from prometheus import indicators as sli
from prometheus.client import AsyncClient, Point, query_range
from services.incidents.incident import Incident, Window

POINTS = 240
SHORTEST_STEP = 5
RATE_WINDOW = 60


class Curve(BaseModel):
    """Points of (unix seconds, value); the medians before and during the incident, where there are points."""

    points: list[Point]
    before: float | None
    during: float | None


class Charts(BaseModel):
    """What the page draws. Times are unix seconds; `ended_at` is None while the incident lasts."""

    start: float
    end: float
    step: int
    started_at: float
    ended_at: float | None
    deadline_ms: int
    quality: Curve
    latency: Curve


def choose_step(window: Window) -> int:
    """Seconds between points, so that there are at most POINTS."""
    return max(SHORTEST_STEP, math.ceil((window.end - window.start).total_seconds() / POINTS))


async def draw_charts(prometheus: AsyncClient, incident: Incident, deadline_ms: int) -> Charts:
    """Ask for both curves at once. Raises SourceAway."""
    window = incident.window(datetime.now(UTC))
    step = choose_step(window)
    rate_window = f"{max(RATE_WINDOW, step)}s"
    quality, latency = await asyncio.gather(
        _fetch(prometheus, sli.hit_rate(window=rate_window), window, step),
        _fetch(prometheus, storage_latency_ms(rate_window), window, step),
    )
    return Charts(
        start=window.start.timestamp(),
        end=window.end.timestamp(),
        step=step,
        started_at=incident.started_at.timestamp(),
        ended_at=incident.ended_at.timestamp() if incident.ended_at else None,
        deadline_ms=deadline_ms,
        quality=describe_curve(quality, incident),
        latency=describe_curve(latency, incident),
    )


def storage_latency_ms(window: str) -> str:
    """The 95th percentile of storage operations, in milliseconds."""
    return f"1000 * {sli.storage_latency(0.95, window=window)}"


def describe_curve(points: list[Point], incident: Incident) -> Curve:
    """Put the medians before and during `incident` to the points."""
    start = incident.started_at.timestamp()
    end = incident.ended_at.timestamp() if incident.ended_at else math.inf
    before = [value for time, value in points if time < start]
    during = [value for time, value in points if start <= time <= end]
    return Curve(
        points=points,
        before=median(before) if before else None,
        during=median(during) if during else None,
    )


async def _fetch(prometheus: AsyncClient, promql: str, window: Window, step: int) -> list[Point]:
    found = await prometheus.ask(query_range(promql, window.start.timestamp(), window.end.timestamp(), step))
    return list(found[0].points) if found else []
