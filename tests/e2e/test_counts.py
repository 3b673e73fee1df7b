"""Three counts of the same requests agree: the users' own, Prometheus' and Jaeger's."""

import time

from telemetry.spans import SERVER
from tests.e2e.live import Stack, eventually, eventually_equal

REQUESTS = 2000


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
    """Waits until no count is on its way to Prometheus any more: exports arrive, and none changes."""

    def silent() -> bool:
        recent = [series["values"] for series in stack.query(f"recommendation_{what}_total[12s]")]
        arrive = bool(recent) and all(len(values) >= 2 for values in recent)
        return arrive and all(len({value for _, value in values}) == 1 for values in recent)

    eventually("the counters stand still", silent, 60, every=2)


def count_since(stack: Stack, started: float, what: str = "requests") -> float:
    """What Prometheus counted since a moment of silence, also when counters began anew in between."""
    return sum(
        _growth([(float(at), float(value)) for at, value in series["values"]], started)
        for series in stack.query(f"recommendation_{what}_total[15m]")
    )


def _growth(samples: list[tuple[float, float]], started: float) -> float:
    before = [value for at, value in samples if at <= started]
    last, growth = before[-1] if before else 0.0, 0.0
    for value in (value for at, value in samples if at > started):
        growth += value - last if value >= last else value
        last = value
    return growth


def count_traces(stack: Stack, started: float, ended: float) -> int:
    """Recommendation traces that began in the window, counted in slices below the search's limit."""
    count, step = 0, 5.0
    while started < ended:
        until = min(started + step, ended)
        found = stack.traces(
            service="recommender",
            operation=SERVER.name,
            start=int(started * 1e6),
            end=int(until * 1e6) - 1,
            limit=1500,
        )
        count += len(found)
        started = until
    return count
