"""What predictions took, what they cost, and how old their features were, as far as the service says so."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.bins import LARGEST
from whence_monitor.events import Observed
from whence_monitor.families import Attributes, Family
from whence_monitor.inputs.times import read_duration, read_finite, read_time
from whence_monitor.problems import Problem, Problems


class Histogram(Protocol):
    """An OpenTelemetry histogram."""

    def record(self, amount: float, attributes: Attributes) -> None:
        """Record a value."""


Histograms = Mapping[i.Instrument, Histogram]


class Serving:
    """Counts of a model."""

    def __init__(self, base: Attributes, problems: Problems, histograms: Histograms) -> None:
        self._base, self._problems, self._histograms = base, problems, histograms
        self._cost = np.zeros(1)
        self.families = [Family(i.COST, [base], self._cost)]

    def add(self, observed: Iterable[Observed]) -> None:
        """Count predictions."""
        for event in observed:
            if event.latency is not None:
                self._record(i.LATENCY, read_duration(event.latency))
            if event.features_at is not None:
                at = read_time(event.features_at)
                self._record(i.FEATURE_AGE, None if at is None else read_duration(event.at - at))
            if event.cost is not None:
                self._pay(read_finite(event.cost))

    def _record(self, instrument: i.Instrument, seconds: float | None) -> None:
        if seconds is None:
            self._problems.count(Problem.INVALID_TIME)
        else:
            self._histograms[instrument].record(seconds, self._base)

    def _pay(self, cost: float | None) -> None:
        if cost is None or not 0 <= cost <= LARGEST:
            self._problems.count(Problem.INVALID_COST)
        else:
            self._cost += cost
