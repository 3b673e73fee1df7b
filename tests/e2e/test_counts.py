"""Three counts of the same requests agree: the users' own, Prometheus' and Jaeger's."""

import time

from telemetry.spans import SERVER
from tests.e2e.live import Stack, eventually

REQUESTS = 2000


def test_users_prometheus_and_jaeger_count_the_same(stack: Stack) -> None:
    stack.control("stop", "traffic")
    try:
        before = _settled_count(stack)
        started = time.time()
        summary = stack.send_traffic(REQUESTS, rate=60)
        ended = time.time()
        assert (summary["sent"], summary["answered"]) == (REQUESTS, REQUESTS)
        eventually("Prometheus counts them all", lambda: _counted(stack) - before == REQUESTS, 30)
        eventually("Jaeger has a trace of each", lambda: _traces(stack, started, ended) == REQUESTS, 30)
    finally:
        stack.control("start", "traffic")


def _counted(stack: Stack) -> float:
    return stack.value("sum(recommendation_requests_total)") or 0


def _settled_count(stack: Stack) -> float:
    """Prometheus' count once nothing is on its way any more: unchanged over two exports."""

    def settled() -> float | None:
        now = stack.value("sum(recommendation_requests_total)")
        earlier = stack.value("sum(recommendation_requests_total)", at=time.time() - 12)
        return now if now == earlier else None

    return eventually("the counter stands still", settled, 60, every=2)


def _traces(stack: Stack, started: float, ended: float) -> int:
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
