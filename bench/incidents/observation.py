"""What is seen of a running stack: alerts as they arrive, the users' own counts, telemetry's counts."""

import time
from collections.abc import Callable, Sequence

from bench.inbox import Arrivals
from bench.incidents.client_samples import SECONDS, ClientSample, TelemetrySample, read_client_samples
from bench.incidents.impact import find_impact, is_gone
from bench.incidents.outcome import Fired, Impact
from bench.incidents.stacks import BenchStack

WARM_UP = 30.0
"""Seconds in which the first requests are slow for reasons of their own, and no measure of later ones."""

RECOVERED = 4
"""Samples in a row that look as before."""

MEASURED = 9
"""Looks at telemetry that tell its hit rate: labels of 40 s."""


class Observer:
    """Sees a stack from the moment it is made; times are Unix seconds."""

    def __init__(self, stack: BenchStack, arrivals: Arrivals) -> None:
        self.began = time.time()
        self._stack = stack
        self._arrivals = arrivals
        self._measured: list[TelemetrySample] = []
        self._looked_at = 0.0

    def until(self, over: Callable[[], bool]) -> None:
        """Look at telemetry every sample, and whether it is over every second."""
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

    def samples(self, since: float | None = None) -> list[ClientSample]:
        """The users' counts that began after a moment, or after the warming up."""
        since = self.began + WARM_UP if since is None else since
        samples = read_client_samples(self._stack.data / "logs", since)
        return [sample for sample in samples if sample.at - sample.seconds >= since]

    def impact(self, injected_at: float, until: float, *, quality: bool) -> Impact | None:
        """User impact from the injection up to a moment; with `quality`, on the hit rate if that moved."""
        samples = [sample for sample in self.samples() if sample.at <= until]
        measured = [each for each in self._measured if each.at <= until]
        return find_impact(samples, measured, injected_at, quality=quality)

    def recovered(self, impact: Impact, steady: Sequence[ClientSample], mended_at: float) -> bool:
        """Whether the latest samples since the mending look like the steady ones, and the impact is gone."""
        latest = self.samples(mended_at)[-RECOVERED:]
        if len(latest) < RECOVERED or not steady:
            return False
        moment = latest[0].at - latest[0].seconds
        measured = [each for each in self._measured if each.at >= mended_at]
        if find_impact([*steady, *latest], measured[-2:], moment) is not None:
            return False
        return is_gone(impact, latest, measured[-MEASURED:])
