"""From a system to what its telemetry takes, whichever way the stack is laid out."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from stack.size import assumptions as a
from stack.size.fitting import PARTS, fit, predict
from stack.size.measurements import Load, Measurements

DAY = 86_400.0


class System(NamedTuple):
    """What is observed: requests per second through so many services; days that metrics and traces are kept.

    Without `replicas` (processes of a service), there are as many as the rate needs. `spans` are those of a
    request, `series` and `operations` those of a process, which sends metrics every `interval` seconds;
    `sampled` is the share of the traces that services send.
    """

    rate: float
    services: int
    metric_days: float = 30
    trace_days: float = 2
    replicas: int = 0
    spans: float = a.SPANS_PER_REQUEST.value
    series: float = a.SERIES_PER_PROCESS.value
    operations: float = a.OPERATIONS.value
    interval: float = a.INTERVAL.value
    sampled: float = 1.0

    @property
    def processes(self) -> float:
        """Of all services."""
        of_each = self.rate * min(a.VISITS.value, self.services) / self.services
        needed = max(a.REPLICAS.value, math.ceil(of_each / a.PROCESS_RATE.value))
        return self.services * (self.replicas or needed)

    @property
    def load(self) -> Load:
        """What its services send."""
        return Load(
            rate=self.rate,
            spans=self.rate * self.spans * self.sampled,
            points=self.processes * self.series / self.interval,
            processes=self.processes,
            own_series=self.processes * self.series,
            operations=self.processes * self.operations,
        )


class Demand(NamedTuple):
    """Of a whole system at 100% of its traces: cores and bytes of memory by part, bytes/s, series, samples/s.

    `metric_disk` and `trace_disk` are bytes a day.
    """

    spans: float
    series: float
    samples: float
    trace_bytes: float
    metric_bytes: float
    metric_disk: float
    trace_disk: float
    cores: Mapping[str, float]
    memory: Mapping[str, float]


class SizeModel:
    """What was measured, fitted once."""

    def __init__(self, measurements: Measurements) -> None:
        self._measured = measurements
        self._model = fit(measurements.steps)

    def demand(self, system: System) -> Demand:
        """What a system needs."""
        load = system.load
        floats, histograms = (self._predict(f"{kind} samples/s", load) for kind in ("float", "histogram"))
        measured = self._measured
        return Demand(
            spans=load.spans,
            series=self._predict("series", load),
            samples=floats + histograms,
            trace_bytes=self._predict("trace bytes/s", load),
            metric_bytes=self._predict("metric bytes/s", load),
            metric_disk=DAY * (floats * measured.float_bytes + histograms * measured.histogram_bytes),
            trace_disk=DAY * self._predict("trace disk bytes/s", load),
            cores={part: self._predict(f"cores {part}", load) for part in PARTS},
            memory={part: self._predict(f"memory {part}", load) for part in PARTS},
        )

    def _predict(self, quantity: str, load: Load) -> float:
        return predict(self._model, quantity, load)
