"""Counters and histograms that cost one lock and one dictionary look-up per measurement."""

import logging
from collections.abc import Callable, Mapping, Sequence
from math import inf
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from opentelemetry import metrics
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics import export
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    Metric,
    Sum,
)
from opentelemetry.util.types import AnyValue, Attributes

from fastotel.points import BOUNDARIES, ExemplarRule, ExplicitPoint, ExponentialPoint, NumberPoint

MAX_SERIES = 2_000
"""Attribute sets per instrument, the SDK's default; more are counted together."""
MAX_SEEN = 4 * MAX_SERIES
"""Spellings (orders of keys) of attribute sets that are remembered per instrument."""
_OVERFLOW: dict[str, AnyValue] = {"otel.metric.overflow": True}
_CUMULATIVE = AggregationTemporality.CUMULATIVE
_NOTHING: dict[str, AnyValue] = {}

_logger = logging.getLogger(__name__)


class Switch:
    """Whether measurements go to this package's points or, once `off`, to the SDK's instruments."""

    def __init__(self, exemplars: ExemplarRule, *, off: bool) -> None:
        self.off = off
        self.exemplars = exemplars


class Point(Protocol):
    """What one attribute set has added up to."""

    def add(self, amount: float, context: Context | None, rule: ExemplarRule) -> None:
        """Take a measurement."""

    def collect(self, now: int) -> Any:
        """Return the SDK's data point."""


PointT = TypeVar("PointT", bound=Point)


class Points(Generic[PointT]):
    """The points of one instrument by attribute set."""

    def __init__(self, make: Callable[[dict[str, AnyValue]], PointT], switch: Switch) -> None:
        self._make = make
        self._switch = switch
        self._lock = Lock()
        self._points: dict[Any, PointT] = {}
        self._seen: dict[Any, PointT] = {}

    def __len__(self) -> int:
        return len(self._points)

    def add(self, amount: float, attributes: Attributes, context: Context | None) -> None:
        """Take a measurement of these attributes; 1, 1.0 and True are different values."""
        given = attributes or _NOTHING
        values = tuple(given.values())
        spelling = (*given, *values, *map(type, values))
        try:
            point = self._seen.get(spelling)
        except TypeError:  # a list or the like among the values
            point, spelling = None, None  # type: ignore[assignment]
        if point is None:
            point = self._find(given, spelling)
        with self._lock:
            point.add(amount, context, self._switch.exemplars)

    def _find(self, attributes: Mapping[str, AnyValue], spelling: Any) -> PointT:
        cleaned = dict(BoundedAttributes(None, attributes))
        key = _freeze(cleaned)
        with self._lock:
            if key not in self._points and len(self._points) >= MAX_SERIES:
                key, cleaned = _freeze(_OVERFLOW), dict(_OVERFLOW)
            point = self._points.get(key)
            if point is None:
                point = self._points[key] = self._make(cleaned)
            if spelling is not None and len(self._seen) < MAX_SEEN:
                self._seen[spelling] = point
            return point

    def collect(self, now: int) -> list[Any]:
        """Return all points as the SDK's data points."""
        with self._lock:
            return [point.collect(now) for point in self._points.values()]

    def restart(self) -> None:
        """In a forked process: whoever held the lock is not here, and what was measured is the parent's."""
        self._lock = Lock()
        self._points.clear()
        self._seen.clear()


def _freeze(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((key, _freeze(item)) for key, item in value.items())
    if isinstance(value, tuple):
        return tuple(_freeze(item) for item in value)
    return type(value), value


class Recorded:
    """What the meter's instruments have in common; `instrument` is the SDK's of the same name."""

    def __init__(self, instrument: Any, make: Callable[[dict[str, AnyValue]], Point], switch: Switch) -> None:
        self.name: str = instrument.name
        self.unit: str = instrument.unit
        self.description: str = instrument.description
        self.points = Points(make, switch)
        self._instrument = instrument
        self._switch = switch

    def _describe(self, data: list[Any]) -> export.DataT:
        raise NotImplementedError

    def collect(self, now: int) -> Metric | None:
        """Return what was measured up to `now`, nanoseconds since 1970; None if nothing was."""
        data = self.points.collect(now)
        return Metric(self.name, self.description, self.unit, self._describe(data)) if data else None

    def _refuse(self, amount: float) -> None:
        _logger.warning("Ignored a measurement of %s: %s is not a value it can take", self.name, amount)


class Counter(Recorded, metrics.Counter):
    """A sum that only grows."""

    def __init__(self, instrument: sdk.Counter, switch: Switch) -> None:
        super().__init__(instrument, NumberPoint, switch)

    def add(self, amount: int | float, attributes: Attributes = None, context: Context | None = None) -> None:
        if self._switch.off:
            self._instrument.add(amount, attributes, context)
        elif 0 <= amount < inf:
            self.points.add(amount, attributes, context)
        else:
            self._refuse(amount)

    def _describe(self, data: list[Any]) -> export.DataT:
        return Sum(data, _CUMULATIVE, is_monotonic=True)


class UpDownCounter(Recorded, metrics.UpDownCounter):
    """A sum that grows and shrinks."""

    def __init__(self, instrument: sdk.UpDownCounter, switch: Switch) -> None:
        super().__init__(instrument, NumberPoint, switch)

    def add(self, amount: int | float, attributes: Attributes = None, context: Context | None = None) -> None:
        if self._switch.off:
            self._instrument.add(amount, attributes, context)
        elif -inf < amount < inf:
            self.points.add(amount, attributes, context)
        else:
            self._refuse(amount)

    def _describe(self, data: list[Any]) -> export.DataT:
        return Sum(data, _CUMULATIVE, is_monotonic=False)


class Histogram(Recorded, metrics.Histogram):
    """A distribution in exponential buckets, or in explicit ones with `boundaries` (default: the SDK's)."""

    def __init__(
        self,
        instrument: sdk.Histogram,
        switch: Switch,
        *,
        exponential: bool = False,
        boundaries: Sequence[float] | None = None,
    ) -> None:
        bounds = BOUNDARIES if boundaries is None else tuple(boundaries)
        make = ExponentialPoint if exponential else lambda attributes: ExplicitPoint(attributes, bounds)
        super().__init__(instrument, make, switch)
        self._exponential = exponential

    def record(
        self, amount: int | float, attributes: Attributes = None, context: Context | None = None
    ) -> None:
        if self._switch.off:
            self._instrument.record(amount, attributes, context)
        elif 0 <= amount < inf:
            self.points.add(amount, attributes, context)
        else:
            self._refuse(amount)

    def _describe(self, data: list[Any]) -> export.DataT:
        if self._exponential:
            return ExponentialHistogram(data, _CUMULATIVE)
        return export.Histogram(data, _CUMULATIVE)
