"""Self-time goes to the span that spent it."""

import pytest

from diagnosis.packs.recommender.signals.self_time import self_times
from diagnosis.sources.evidence import Span, Trace


def test_self_times_sum_to_the_request() -> None:
    spans = [
        Span(name="server", duration_ms=100),
        Span(name="pipeline", parent=0, start_ms=5, duration_ms=90),
        Span(name="load", parent=1, start_ms=10, duration_ms=60),
        Span(name="read", parent=2, start_ms=10, duration_ms=400),
        Span(name="score", parent=1, start_ms=72, duration_ms=10),
        Span(name="rank", parent=1, start_ms=80, duration_ms=10),
    ]
    times = self_times(Trace(trace_id="t", started_at=0, duration_ms=100, spans=spans))
    assert times["read"] == pytest.approx(60), "it went on after the request had stopped waiting"
    assert times["load"] == pytest.approx(0)
    assert times["pipeline"] == pytest.approx(12)
    assert sum(times.values()) == pytest.approx(102), "two spans ran at the same time for 2 ms"


def test_a_trace_without_its_root_has_self_times_too() -> None:
    trace = Trace(trace_id="t", started_at=0, duration_ms=5, spans=[Span(name="read", duration_ms=5)])
    assert self_times(trace) == {"read": 5}
