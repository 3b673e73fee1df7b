"""Each container is killed once under 20 requests/s: it comes back by itself, and nothing is lost."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tests.compose.live import ContainerStack
from tests.e2e.live import eventually
from tests.e2e.stack.test_counts import count_traces

RATE = 20
REQUESTS = 20 * RATE
BACK_DEADLINE = 60.0
TITLES = "killed         back s  requests answered  5xx  failed  traces"


@dataclass(frozen=True)
class Death:
    """A service was killed: seconds until it was healthy again, what users got meanwhile, traces kept."""

    service: str
    seconds: float
    users: dict[str, Any]
    traces: int

    @property
    def server_errors(self) -> int:
        return sum(count for status, count in self.users["by_status"].items() if status.startswith("5"))

    def __str__(self) -> str:
        got = f"{self.users['answered']:8} {self.server_errors:4} {self.users['failed']:7}"
        return f"{self.service:14} {self.seconds:6.1f} {self.users['sent']:9} {got} {self.traces:7}"


@pytest.fixture(scope="module")
def deaths(stack: ContainerStack) -> list[Death]:
    """Every running service's death, in turn; the table of them is printed."""
    services = [service for service in stack.services() if service != "traffic"]
    stack.control("stop", "traffic")
    try:
        found = [_kill_under_load(stack, service) for service in services]
    finally:
        stack.control("start", "traffic")
    print(f"\n{TITLES}")
    print("\n".join(map(str, found)))
    return found


def test_each_comes_back_by_itself(deaths: list[Death]) -> None:
    assert len(deaths) >= 8
    assert max(death.seconds for death in deaths) < BACK_DEADLINE


def test_no_request_is_answered_with_an_error_when_a_dependency_dies(deaths: list[Death]) -> None:
    assert {death.service: death.server_errors for death in deaths} == dict.fromkeys(
        (d.service for d in deaths), 0
    )
    assert not [death for death in deaths if death.service != "recommender" and death.users["failed"]]


def test_the_trace_of_every_answer_is_kept(deaths: list[Death]) -> None:
    lost = {d.service: d.users["answered"] - d.traces for d in deaths if d.service != "recommender"}
    assert {service: count for service, count in lost.items() if count > 0} == {}


def test_traffic_comes_back_by_itself(stack: ContainerStack) -> None:
    killed = stack.pid("traffic")
    os.kill(killed, signal.SIGKILL)
    eventually("traffic runs again", lambda: stack.pid("traffic") not in (0, killed), BACK_DEADLINE)


def _kill_under_load(stack: ContainerStack, service: str) -> Death:
    started = time.time()
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(stack.send_traffic, REQUESTS, RATE)
        threading.Event().wait(5)
        seconds = _kill(stack, service)
        users = sending.result()
    ended = time.time()
    with suppress(AssertionError):  # how many are missing is for the table to say
        expected = users["answered"]
        eventually("the traces are in", lambda: count_traces(stack, started, ended) >= expected, 30, every=2)
    return Death(service, seconds, users, count_traces(stack, started, ended))


def _kill(stack: ContainerStack, service: str) -> float:
    """Kills the program in the container as a crash would; seconds until another one is there and healthy."""
    killed = stack.pid(service)
    at = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    eventually(
        "another process runs, healthy", lambda: _is_back(stack, service, killed), BACK_DEADLINE, every=0.2
    )
    return time.monotonic() - at


def _is_back(stack: ContainerStack, service: str, killed: int) -> bool:
    state = stack.inspect(service)["State"]
    healthy = state.get("Health", {"Status": "healthy"})["Status"] == "healthy"
    return state["Pid"] not in (0, killed) and state["Running"] and healthy
