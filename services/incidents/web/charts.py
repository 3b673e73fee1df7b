"""The curves that tell an incident's story.

Of the stack's own: quality, and the latency of storage. Of another service: requests, failures, latency.
"""

import asyncio
import math
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from pydantic import BaseModel

from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.client import AsyncClient, Point, query_range
from prometheus.services import requests
from services.incidents.incident import Incident, Window

POINTS = 240
SHORTEST_STEP = 5
RATE_WINDOW = 60


class Curve(BaseModel):
    """Points of (unix seconds, value); the medians before and during the incident, where there are points."""

    points: list[Point]
    before: float | None
    during: float | None


class _Frame(BaseModel):
    """Times in unix seconds; `ended_at` is None while the incident lasts."""

    start: float
    end: float
    step: int
    started_at: float
    ended_at: float | None


class Charts(_Frame):
    """What the page draws of the stack's own incident."""

    deadline_ms: int
    quality: Curve
    latency: Curve


class ServiceCharts(_Frame):
    """What it draws of a service: requests per second, share (0–1) that failed, latency in milliseconds."""

    service: str
    requests: Curve
    failures: Curve
    latency: Curve


def choose_step(window: Window) -> int:
    """Seconds between points, so that there are at most POINTS."""
    return max(SHORTEST_STEP, math.ceil((window.end - window.start).total_seconds() / POINTS))


async def draw_charts(prometheus: AsyncClient, incident: Incident, deadline_ms: int) -> Charts:
    """Ask for both curves of the stack's own incident at once. Raises SourceAway."""
    frame = _choose_frame(incident)
    rate_window = _rate_window(frame.step)
    quality, latency = await asyncio.gather(
        _fetch(prometheus, sli.hit_rate(window=rate_window), frame, incident),
        _fetch(prometheus, storage_latency_ms(rate_window), frame, incident),
    )
    return Charts(**frame.model_dump(), deadline_ms=deadline_ms, quality=quality, latency=latency)


async def draw_service_charts(prometheus: AsyncClient, incident: Incident, service: str) -> ServiceCharts:
    """Ask for the three curves of a service at once. Raises SourceAway."""
    frame = _choose_frame(incident)
    asked = service_queries(service, _rate_window(frame.step))
    every, failed, latency = await asyncio.gather(
        *(_fetch(prometheus, promql, frame, incident) for promql in asked)
    )
    return ServiceCharts(
        **frame.model_dump(), service=service, requests=every, failures=failed, latency=latency
    )


class ServiceQueries(NamedTuple):
    """PromQL of a service's requests per second, the share that failed, and the 95th percentile in ms."""

    requests: str
    failures: str
    latency: str


def service_queries(service: str, window: str) -> ServiceQueries:
    """What is asked for the curves of a service."""
    named = q.equal("service_name", service)
    every, failed = (requests.count(named, failed=each, window=window) for each in (False, True))
    latency = f"1000 * histogram_quantile(0.95, {requests.distribution(named, window=window)})"
    return ServiceQueries(every, f"({q.or_zero(failed, every)}) / {every}", latency)


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


def _choose_frame(incident: Incident) -> _Frame:
    window = incident.window(datetime.now(UTC))
    return _Frame(
        start=window.start.timestamp(),
        end=window.end.timestamp(),
        step=choose_step(window),
        started_at=incident.started_at.timestamp(),
        ended_at=incident.ended_at.timestamp() if incident.ended_at else None,
    )


def _rate_window(step: int) -> str:
    return f"{max(RATE_WINDOW, step)}s"


async def _fetch(prometheus: AsyncClient, promql: str, frame: _Frame, incident: Incident) -> Curve:
    found = await prometheus.ask(query_range(promql, frame.start, frame.end, frame.step))
    return describe_curve(list(found[0].points) if found else [], incident)
