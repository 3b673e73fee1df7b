"""Requests as Prometheus and Jaeger counted them, to compare with what their senders counted."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus.client import Point

SLICE = 5.0
"""Seconds of traces in one search: below its limit."""


def grow(series: Iterable[Sequence[Point]], started: float) -> float:
    """How much counters grew after a moment (Unix seconds), also when they began anew in between."""
    return sum(_grow(points, started) for points in series)


def _grow(points: Sequence[Point], started: float) -> float:
    before = [value for at, value in points if at <= started]
    last, growth = before[-1] if before else 0.0, 0.0
    for value in (value for at, value in points if at > started):
        growth += value - last if value >= last else value
        last = value
    return growth


def slices(started: float, ended: float) -> Iterator[tuple[float, float]]:
    """The parts of a span of time (Unix seconds), SLICE seconds each."""
    while started < ended:
        until = min(started + SLICE, ended)
        yield started, until
        started = until
