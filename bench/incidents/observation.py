"""What is seen of a running stack: alerts as they arrive, the users' own counts, telemetry's counts."""

import time
from collections.abc import Callable, Sequence

from bench.inbox import Arrivals
from bench.incidents.client_samples import SECONDS, Measured, Tick, read_ticks
from bench.incidents.impact import find_felt, is_gone
from bench.incidents.outcome import Felt, Fired
from bench.incidents.stacks import BenchStack

WARM_UP = 30.0
"""Seconds in which the first requests are slow for reasons of their own, and no measure of later ones."""

RECOVERED = 4
"""Ticks in a row that look as before."""

MEASURED = 9
"""Looks at telemetry that tell its hit rate: labels of 40 s."""


class Watch:
    """Sees a stack from the moment it is made; times are Unix seconds."""

    def __init__(self, stack: BenchStack, arrivals: Arrivals) -> None:
        self.began = time.time()
        self._stack = stack
        self._arrivals = arrivals
        self._measured: list[Measured] = []
        self._looked_at = 0.0

    def until(self, over: Callable[[], bool]) -> None:
        """Look at telemetry every tick, and whether it is over every second."""
        while not over():
            if time.time() >= self._looked_at + SECONDS:
                self._look()
            time.sleep(1)

    def _look(self) -> None:
        """Measure; where nobody answers, nothing is known of what telemetry says."""
        self._looked_at = time.time()
        if (measured := self._stack.measure()) is not None:
            self._measured.append(measured)

    def fired(self, since: float) -> list[Fired]:
        """The alerts that arrived since a moment, in order."""
        found = sorted(self._arrivals.since(since).items(), key=lambda item: item[1])
        return [Fired(name=name, at=round(at, 2)) for name, at in found]

    def ticks(self, since: float | None = None) -> list[Tick]:
        """The users' counts that began after a moment, or after the warming up."""
        since = self.began + WARM_UP if since is None else since
        ticks = read_ticks(self._stack.data / "logs", since)
        return [tick for tick in ticks if tick.at - tick.seconds >= since]

    def felt(self, injected_at: float, until: float, *, quality: bool) -> Felt | None:
        """What users felt from the injection up to a moment; with `quality`, of hit rate if it moved."""
        ticks = [tick for tick in self.ticks() if tick.at <= until]
        measured = [each for each in self._measured if each.at <= until]
        return find_felt(ticks, measured, injected_at, quality=quality)

    def recovered(self, felt: Felt, steady: Sequence[Tick], mended_at: float) -> bool:
        """Whether the latest ticks since the mending look like the steady ones, and what was felt is gone."""
        latest = self.ticks(mended_at)[-RECOVERED:]
        if len(latest) < RECOVERED or not steady:
            return False
        moment = latest[0].at - latest[0].seconds
        measured = [each for each in self._measured if each.at >= mended_at]
        if find_felt([*steady, *latest], measured[-2:], moment) is not None:
            return False
        return is_gone(felt, latest, measured[-MEASURED:])
