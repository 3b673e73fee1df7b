"""The distributed stack: the story, and what users, Thanos and Jaeger count while parts are killed."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.conftest import run_stack
from tests.e2e.live import Stack, eventually, eventually_equal
from tests.e2e.stack.test_counts import await_silence, count_since, count_traces
from tests.e2e.stack.test_story import test_slow_storage_is_noticed_explained_and_mended

__all__ = ["test_slow_storage_is_noticed_explained_and_mended"]

REQUESTS, RATE = 5000, 8
"""In all, and per second: two cores take no more while all traces are kept."""
KILLED = ("kafka-2", "cassandra-2")
KEPT = {"TRACES_KEPT_PERCENT": "100", "TRAFFIC_RATE": f"{RATE}"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """All traces are kept."""
    with TemporaryDirectory(prefix="whence-scale-") as folder:
        os.chmod(folder, 0o711)  # PostgreSQL goes there as a user of its own
        live = Stack(Path(folder))
        live.environment |= KEPT | {"SCALE": "1", "SCALE_NETWORK": "127.0.99"}
        yield from run_stack(live)


@pytest.fixture
def silent(stack: Stack) -> Iterator[Stack]:
    """Nobody but the test sends requests."""
    stack.control("stop", "traffic")
    await_silence(stack)
    yield stack
    stack.control("start", "traffic")


def test_panels_and_rules_work(stack: Stack) -> None:
    stack.run("stack", "verify", timeout=600)


def test_nothing_is_lost_when_a_broker_and_a_node_are_killed(silent: Stack) -> None:
    stack, started = silent, time.time()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(stack.send_traffic, REQUESTS, RATE, 900)
        for quarter, name in enumerate(KILLED, 1):
            await_requests(stack, started, REQUESTS * quarter // 4)
            os.kill(stack.pid(name), signal.SIGKILL)
        summary = sending.result()
    ended = time.time()
    assert (summary["sent"], summary["answered"]) == (REQUESTS, REQUESTS)
    eventually_equal("Thanos counts them all", REQUESTS, lambda: count_since(stack, started), 120)
    eventually_equal("Jaeger has a trace of each", REQUESTS, lambda: count_traces(stack, started, ended), 300)


def await_requests(stack: Stack, started: float, number: int) -> None:
    """Waits until Thanos has counted that many."""
    eventually(
        f"{number} requests", lambda: count_since(stack, started) >= number, 3 * REQUESTS / RATE, every=2
    )
