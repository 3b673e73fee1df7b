"""Three counts of the same requests agree: the users' own, Prometheus' and Jaeger's."""

import time

from bench.counts import grow, slices
from config import load
from telemetry.spans import SERVER
from tests.e2e.live import Stack, eventually, eventually_equal

REQUESTS = 2000
STILL = 12
"""Seconds without a change after which no export is on its way: services send every 5 s."""

LABELS = ("labelled", "hits")
"""Counted only when the attribution window of an answer closes."""


def test_users_prometheus_and_jaeger_count_the_same(stack: Stack) -> None:
    stack.control("stop", "traffic")
    try:
        await_silence(stack)
        started = time.time()
        summary = stack.send_traffic(REQUESTS, rate=60)
        ended = time.time()
        assert (summary["sent"], summary["answered"]) == (REQUESTS, REQUESTS)
        eventually_equal("Prometheus counts them all", REQUESTS, lambda: count_since(stack, started))
        eventually_equal("Jaeger has a trace of each", REQUESTS, lambda: count_traces(stack, started, ended))
    finally:
        stack.control("start", "traffic")


def await_silence(stack: Stack, what: str = "requests") -> None:
    """Waits until no count is on its way to Prometheus any more: exports arrive, and none changes.

    A label is on its way as long as its answer's attribution window is open, so no answer may be that young.
    """
    began = time.time()
    still = STILL + (load().recommendations.attribution_window if what in LABELS else 0)

    def silent() -> bool:
        recent = [series["values"][-1] for series in stack.query(f"recommendation_requests_total[{STILL}s]")]
        arrive = bool(recent) and all(float(at) > began for at, _ in recent)
        since = time.time() - still
        return arrive and not any(count_since(stack, since, each) for each in ("requests", what))

    eventually("the counters stand still", silent, still + 60, every=2)


def count_since(stack: Stack, started: float, what: str = "requests") -> float:
    """What Prometheus counted since a moment of silence, also when counters began anew in between."""
    found = stack.query(f"recommendation_{what}_total[15m]")
    return grow(([(float(at), float(value)) for at, value in series["values"]] for series in found), started)


def count_traces(stack: Stack, started: float, ended: float) -> int:
    """Recommendation traces that began in the window, counted in slices below the search's limit."""
    return sum(
        len(
            stack.traces(
                service="recommender",
                operation=SERVER.name,
                start=int(since * 1e6),
                end=int(until * 1e6) - 1,
                limit=1500,
            )
        )
        for since, until in slices(started, ended)
    )
