"""Four workers in one container: feedback is joined at whichever it reaches, and all counts are equal.

In a file after all others: the recommender's container is another one from here on.
"""

import time
from collections.abc import Iterator

import pytest

from tests.compose.live import ContainerStack
from tests.e2e.live import eventually_equal
from tests.e2e.test_counts import await_silence, count_traces
from tests.e2e.test_workers import (
    WORKERS,
    count_all,
    count_serving,
    test_feedback_at_any_worker_is_joined_once,
)

__all__ = ["test_feedback_at_any_worker_is_joined_once"]

REQUESTS, RATE = 1_000, 25


@pytest.fixture(scope="module")
def stack(stack: ContainerStack) -> Iterator[ContainerStack]:
    """The stack with four workers, without traffic; with one again at the end."""
    stack.environment["WORKERS"] = str(WORKERS)
    stack.run("stack", "up", timeout=600)
    stack.control("stop", "traffic")
    yield stack
    del stack.environment["WORKERS"]
    stack.run("stack", "up", timeout=600)


def test_users_prometheus_and_jaeger_count_the_same(stack: ContainerStack) -> None:
    await_silence(stack, "labelled")
    started = time.time()
    summary = stack.send_traffic(REQUESTS, rate=RATE)
    ended = time.time()
    assert (summary["sent"], summary["answered"], summary["feedback_failed"]) == (REQUESTS, REQUESTS, 0)
    expected = {
        "requests": REQUESTS,
        "clicks": summary["by_event"]["click"],
        "labelled": REQUESTS,
        "hits": summary["hits"],
    }
    eventually_equal(
        "Prometheus counts what users did", expected, lambda: count_all(stack, started), 60, every=2
    )
    eventually_equal("Jaeger has a trace of each", REQUESTS, lambda: count_traces(stack, started, ended))
    assert count_serving(stack, started) == WORKERS


def test_the_workers_keep_within_the_containers_limits(stack: ContainerStack) -> None:
    state = stack.inspect("recommender")
    assert state["RestartCount"] == 0 and not state["State"]["OOMKilled"]
    shared = stack.compose("exec", "-T", "recommender", "ls", "/tmp/recommender").split()
    assert {f"worker-{number}.lock" for number in range(1, WORKERS + 1)} <= set(shared)
