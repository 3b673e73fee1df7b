"""Unlisted faults: made here and not in faults/, so that the diagnosis has no hypothesis for them."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx

from bench.incidents.scenario import Outsider, Severity
from bench.incidents.stacks import BenchStack
from bench.left_processes import note
from stack import ROOT, StackError
from stack.running.ports import find_free_ports

PAUSE = {"low": 0.3, "medium": 0.5, "high": 0.8}
"""Seconds that the recommender stands still at a time, as a virtual machine or a garbage collector does."""

PAUSE_EVERY = 2.0
LOSS = {"low": 0.6, "medium": 0.75, "high": 0.9}
"""Share of the clicks that do not arrive: more than any change of tastes, for the popular list loses too."""

CRASH_EVERY = {"low": 45.0, "medium": 30.0, "high": 20.0}
STARTING_LIMIT = 15.0


class FaultEnded(Exception):
    """A fault ended too early: what was observed since then is not its effect."""


class UnlistedFault:
    """Does something to a stack again and again, in a thread, until ended."""

    def __init__(self, act: Callable[[threading.Event], None]) -> None:
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._repeat, args=(act,), daemon=True)
        self._thread.start()

    def _repeat(self, act: Callable[[threading.Event], None]) -> None:
        try:
            while not self._over.is_set():
                act(self._over)
        except Exception as error:  # told at the end: a run whose fault ended does not count
            self._failure = error

    def end(self) -> None:
        """Stop; what was paused goes on. Raises FaultEnded if it had stopped by itself."""
        self._over.set()
        self._thread.join(timeout=60)
        if self._failure:
            raise FaultEnded(f"the fault ended by itself: {self._failure}") from self._failure


def start_unlisted_fault(
    kind: Outsider, severity: Severity, stack: BenchStack, gateway: "UserGateway | None"
) -> UnlistedFault:
    """Start a fault of a kind. `lost-clicks` needs the gateway that the run's users go through."""
    if kind == "pauses":
        return UnlistedFault(_pause(stack.pid("recommender"), PAUSE[severity]))
    if kind == "crashes":
        return UnlistedFault(_crash(stack, CRASH_EVERY[severity]))
    assert gateway is not None
    return UnlistedFault(_lose(gateway, LOSS[severity]))


def _pause(pid: int, seconds: float) -> Callable[[threading.Event], None]:
    chance = random.Random(pid)

    def act(over: threading.Event) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(seconds)
            finally:
                os.kill(pid, signal.SIGCONT)
        over.wait(chance.uniform(0.5, 1.5) * (PAUSE_EVERY - seconds))

    return act


def _crash(stack: BenchStack, every: float) -> Callable[[threading.Event], None]:
    def act(over: threading.Event) -> None:
        with suppress(ProcessLookupError, StackError, ValueError):
            os.kill(stack.pid("recommender"), signal.SIGKILL)
        over.wait(every)

    return act


def _lose(gateway: "UserGateway", share: float) -> Callable[[threading.Event], None]:
    def act(over: threading.Event) -> None:
        gateway.lose(share)
        over.wait()
        gateway.lose(0)

    return act


class UserGateway:
    """Puts the gateway between a stack's users and its recommender: users of its own take their place."""

    def __init__(self, stack: BenchStack) -> None:
        self._stack = stack
        port = find_free_ports(["gateway"])["GATEWAY"]
        self.address = f"http://127.0.0.1:{port}"
        command = ["bench.incidents.gateway", "--target", stack.url("recommender"), "--port", port]
        self._processes = [self._start([*command, "--seed", str(stack.seed)], "gateway")]
        try:
            self._await()
            stack.control("stop", "traffic")
            self._processes.append(self._start(["services.demo.traffic"], "traffic-gateway"))
        except BaseException:
            self.close()
            raise

    def lose(self, share: float) -> None:
        """Lose this share of the feedback. Raises StackError."""
        try:
            httpx.put(f"{self.address}/loss/{share}", timeout=5).raise_for_status()
        except httpx.HTTPError as error:
            raise StackError(f"the gateway does not answer: {error}") from None

    def close(self) -> None:
        """End the users and the gateway."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        environment = self._stack.environment | {"RECOMMENDER_URL": self.address, "PYTHONUNBUFFERED": "1"}
        with (self._stack.data / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        note(self._stack.data, process.pid)
        return process

    def _await(self) -> None:
        end = time.monotonic() + STARTING_LIMIT
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/readyz", timeout=2).is_success:
                    return
            time.sleep(0.2)
        raise StackError(f"the gateway did not start within {STARTING_LIMIT:.0f} s")
