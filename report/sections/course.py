"""The period on one time axis: quality above, storage below."""

from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from prometheus import indicators as sli
from prometheus.client import Client, Point, TimeSeries
from report.period import Period, query_period
from telemetry import instruments

SOURCES = ("personalised", "stale", "popular")
"""Best first."""


@dataclass(frozen=True)
class Course:
    """Curves over the period: hit rate (0–1), requests/s by source, milliseconds of storage and answers."""

    service: ClassVar[str] = instruments.RECOMMENDATION_REQUESTS.service
    hit_rate: tuple[Point, ...]
    answers: dict[str, tuple[Point, ...]]
    storage_p50: tuple[Point, ...]
    storage_p95: tuple[Point, ...]
    response_p95: tuple[Point, ...]


def follow_course(prometheus: Client, period: Period) -> Course:
    """Ask for all curves at once. Raises SourceAway."""
    window = period.window
    questions = {
        "hit_rate": sli.hit_rate(window=window),
        "answers": sli.answers(by=["source"], window=window),
        "storage_p50": sli.storage_latency(0.5, window=window),
        "storage_p95": sli.storage_latency(0.95, window=window),
        "response_p95": sli.request_latency(0.95, sli.RECOMMENDER, sli.RECOMMENDATIONS, window=window),
    }
    found = prometheus.ask(query_period(questions, period))
    return Course(
        hit_rate=_only(found["hit_rate"]),
        answers={curve.labels.get("source", ""): curve.points for curve in found["answers"]},
        storage_p50=_milliseconds(found["storage_p50"]),
        storage_p95=_milliseconds(found["storage_p95"]),
        response_p95=_milliseconds(found["response_p95"]),
    )


def typical(points: tuple[Point, ...]) -> float | None:
    """The median of the values."""
    return median(value for _, value in points) if points else None


def worst(points: tuple[Point, ...], lowest: bool = False) -> Point | None:
    """The highest point, or the lowest."""
    if not points:
        return None
    choose = min if lowest else max
    return choose(points, key=lambda point: point[1])


def _only(curves: list[TimeSeries]) -> tuple[Point, ...]:
    return curves[0].points if curves else ()


def _milliseconds(curves: list[TimeSeries]) -> tuple[Point, ...]:
    return tuple((time, value * 1000) for time, value in _only(curves))
