"""Faults of a part as a whole, made by who supervises it: it is restarted, killed, or stands still."""

import time

from examples.shop.faults.injections import Injection, supervise
from examples.shop.run.settings import ExampleError, Shop


class Restart(Injection):
    """A service that is restarted once, as it is."""

    def __init__(self, shop: Shop, name: str, service: str) -> None:
        self._supervisor, self._service = supervise(shop), service

    def start(self) -> None:
        self._supervisor.restart(self._service)


class Pause(Injection):
    """A part that stands still for some seconds, runs for some, over and over."""

    def __init__(self, shop: Shop, name: str, part: str, paused: float, running: float) -> None:
        self._supervisor, self._part = supervise(shop), part
        self._paused, self._running = paused, running

    def start(self) -> None:
        _require(self._supervisor.pause(self._part), self._part)

    def keep(self, elapsed: float) -> None:
        self._supervisor.pause(self._part)
        time.sleep(self._paused)
        self.mend()
        time.sleep(self._running)

    def mend(self) -> None:
        self._supervisor.resume(self._part)


class Kill(Injection):
    """A part that is killed every so many seconds, and started anew by who supervises it."""

    def __init__(self, shop: Shop, name: str, part: str, every: float) -> None:
        self._supervisor, self._part = supervise(shop), part
        self._every, self._killed = every, 0

    def start(self) -> None:
        _require(self._supervisor.kill(self._part), self._part)
        self._killed = 1

    def keep(self, elapsed: float) -> None:
        if elapsed >= self._killed * self._every and self._supervisor.kill(self._part):
            self._killed += 1


def _require(runs: bool, part: str) -> None:
    if not runs:
        raise ExampleError(f"{part} does not run: start the shop with `make shop`")
