"""Four workers in one container: feedback is joined at whichever it reaches, and all counts are equal.

In a file after all others: the recommender's container is another one from here on.
"""

from collections.abc import Iterator

import pytest

from tests.compose.live import ContainerStack
from tests.e2e.stack.test_workers import (
    WORKERS,
    check_counts,
    test_feedback_at_any_worker_is_joined_once,
)

__all__ = ["test_feedback_at_any_worker_is_joined_once"]


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
    check_counts(stack, requests=1_000, rate=25)


def test_the_workers_keep_within_the_containers_limits(stack: ContainerStack) -> None:
    state = stack.inspect("recommender")
    assert state["RestartCount"] == 0 and not state["State"]["OOMKilled"]
    shared = stack.compose("exec", "-T", "recommender", "ls", "/tmp/recommender").split()
    assert {f"worker-{number}.lock" for number in range(1, WORKERS + 1)} <= set(shared)
