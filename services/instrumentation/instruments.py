"""OpenTelemetry instruments that cost little: one lock and one dictionary look-up per measurement.

They take the SDK's place for what the registry declares. Sums and histograms are cumulative, and histograms
exponential. A gauge goes on reporting its last value: set 0, or `forget` it, where it no longer holds.
"""

import logging
from collections.abc import Callable
from math import inf
from threading import Lock
from time import time_ns
from typing import Any, Generic, TypeVar

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    DataT,
    ExponentialHistogram,
    Gauge,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.util.types import AnyValue, Attributes

from services.instrumentation.histogram import HistogramPoint
from telemetry.instruments import Instrument, Kind

MAX_SERIES = 2_000
"""Attribute sets per instrument, OpenTelemetry's default; more are counted together."""
_OVERFLOW: dict[str, AnyValue] = {"otel.metric.overflow": True}
_CUMULATIVE = AggregationTemporality.CUMULATIVE
_refused: set[str] = set()
"""Instruments that have refused a value; it is said once of each."""

_logger = logging.getLogger(__name__)


class NumberPoint:
    """A number of one attribute set."""

    __slots__ = ("attributes", "start", "value")

    def __init__(self, attributes: dict[str, AnyValue]) -> None:
        self.attributes = attributes
        self.start = time_ns()
        self.value: int | float = 0

    def collect(self, now: int) -> NumberDataPoint:
        """Return the number as it is `now`, nanoseconds since 1970."""
        return NumberDataPoint(self.attributes, self.start, now, self.value)


PointT = TypeVar("PointT", NumberPoint, HistogramPoint)


class Points(Generic[PointT]):
    """The points of one instrument by attribute set; the holder of `lock` may change them."""

    def __init__(self, make: Callable[[dict[str, AnyValue]], PointT]) -> None:
        self.lock = Lock()
        self._make: Callable[[dict[str, AnyValue]], PointT] = make
        self._points: dict[frozenset[tuple[str, AnyValue]], PointT] = {}

    def find(self, attributes: Attributes) -> PointT:
        """Return the point of these attributes, made at first sight."""
        key = frozenset(attributes.items()) if attributes else frozenset()
        point = self._points.get(key)
        return point if point is not None else self._add(key, attributes)

    def remove(self, attributes: Attributes) -> None:
        """Let go of the point of these attributes, if there is one."""
        with self.lock:
            self._points.pop(frozenset(attributes.items()) if attributes else frozenset(), None)

    def _add(self, key: frozenset[tuple[str, AnyValue]], attributes: Attributes) -> PointT:
        if len(self._points) >= MAX_SERIES:
            key, attributes = frozenset(_OVERFLOW.items()), _OVERFLOW
        if key not in self._points:
            self._points[key] = self._make(dict(attributes or {}))
        return self._points[key]

    def collect(self, now: int) -> list[Any]:
        """Return all points as the SDK's data points."""
        with self.lock:
            return [point.collect(now) for point in self._points.values()]


class Counter(metrics.Counter):
    """A sum that only grows."""

    def __init__(self, name: str, unit: str = "", description: str = "") -> None:
        self._name = name
        self.points = Points(NumberPoint)

    def add(self, amount: int | float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not 0 <= amount < inf:
            _refuse(self._name, amount)
            return
        with self.points.lock:
            self.points.find(attributes).value += amount

    def collect(self, now: int) -> DataT:
        """Return the sum up to `now`."""
        return Sum(self.points.collect(now), _CUMULATIVE, is_monotonic=True)


class UpDownCounter(metrics.UpDownCounter):
    """A sum that grows and shrinks."""

    def __init__(self, name: str, unit: str = "", description: str = "") -> None:
        self._name = name
        self.points = Points(NumberPoint)

    def add(self, amount: int | float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not -inf < amount < inf:
            _refuse(self._name, amount)
            return
        with self.points.lock:
            self.points.find(attributes).value += amount

    def collect(self, now: int) -> DataT:
        """Return the sum up to `now`."""
        return Sum(self.points.collect(now), _CUMULATIVE, is_monotonic=False)


class LastValue(metrics._Gauge):
    """The last value set."""

    def __init__(self, name: str, unit: str = "", description: str = "") -> None:
        self._name = name
        self.points = Points(NumberPoint)

    def set(self, amount: int | float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not -inf < amount < inf:
            _refuse(self._name, amount)
            return
        with self.points.lock:
            self.points.find(attributes).value = amount

    def collect(self, now: int) -> DataT:
        """Return the values as they are `now`."""
        return Gauge(self.points.collect(now))


def forget(gauge: metrics._Gauge, attributes: Attributes) -> None:
    """No longer report the gauge's value for these attributes; other implementations' gauges cannot."""
    if isinstance(gauge, LastValue):
        gauge.points.remove(attributes)


class Histogram(metrics.Histogram):
    """A distribution in exponential buckets, with exemplars of sampled traces."""

    def __init__(self, name: str, unit: str = "", description: str = "", **_: object) -> None:
        self._name = name
        self.points = Points(HistogramPoint)

    def record(
        self, amount: int | float, attributes: Attributes = None, context: Context | None = None
    ) -> None:
        if not 0 <= amount < inf:
            _refuse(self._name, amount)
            return
        with self.points.lock:
            self.points.find(attributes).record(amount, context)

    def collect(self, now: int) -> DataT:
        """Return the distribution up to `now`."""
        return ExponentialHistogram(self.points.collect(now), _CUMULATIVE)


def _refuse(name: str, amount: int | float) -> None:
    if name not in _refused:
        _refused.add(name)
        _logger.warning("ignored a measurement of %s: %s is not a value it can take", name, amount)


AnyInstrument = Counter | UpDownCounter | LastValue | Histogram
_CLASSES: dict[Kind, type[AnyInstrument]] = {
    Kind.COUNTER: Counter,
    Kind.UP_DOWN_COUNTER: UpDownCounter,
    Kind.GAUGE: LastValue,
    Kind.HISTOGRAM: Histogram,
}


class Instruments:
    """The instruments made from registry entries, one each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[Instrument, AnyInstrument] = {}

    def get(self, entry: Instrument) -> AnyInstrument:
        """Return the instrument of `entry`, made at the first call."""
        with self._lock:
            if entry not in self._made:
                self._made[entry] = _CLASSES[entry.kind](entry.name, entry.unit, entry.description)
            return self._made[entry]

    def collect(self, now: int) -> list[Metric]:
        """Return what all instruments hold `now`, nanoseconds since 1970; those never used are left out."""
        with self._lock:
            made = list(self._made.items())
        collected = [
            Metric(entry.name, entry.description, entry.unit, instrument.collect(now))
            for entry, instrument in made
        ]
        return [metric for metric in collected if metric.data.data_points]


def create(meter: metrics.Meter, entry: Instrument) -> Any:
    """Create the instrument of a registry entry with another implementation's meter."""
    creators: dict[Kind, Callable[..., Any]] = {
        Kind.COUNTER: meter.create_counter,
        Kind.UP_DOWN_COUNTER: meter.create_up_down_counter,
        Kind.GAUGE: meter.create_gauge,
        Kind.HISTOGRAM: meter.create_histogram,
    }
    return creators[entry.kind](entry.name, entry.unit, entry.description)
