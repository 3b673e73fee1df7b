"""What one attribute set has added up to: a number, or a distribution in either kind of bucket.

Not safe for concurrent use: the owner holds a lock. Exemplars: of each bucket the first measurement of every
collection cycle that the filter takes, so rare values keep theirs.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil, frexp, inf, ldexp, log2
from time import time_ns

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    Buckets,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
)
from opentelemetry.util.types import AnyValue

MAX_SCALE = 20
MAX_BUCKETS = 160
"""The specification's defaults for base-2 exponential histograms."""
BOUNDARIES = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
"""The specification's default boundaries of explicit buckets."""

ExemplarRule = str
"""A value of OTEL_METRICS_EXEMPLAR_FILTER: trace_based, always_on or always_off."""


def illustrate(value: float, context: Context | None, rule: ExemplarRule) -> Exemplar | None:
    """Return the exemplar of a measurement if the rule takes it."""
    if rule == "always_off":
        return None
    span = trace.get_current_span(context).get_span_context()
    if not span.is_valid:
        return Exemplar({}, value, time_ns()) if rule == "always_on" else None
    if rule == "always_on" or span.trace_flags & 1:
        return Exemplar({}, value, time_ns(), span.span_id, span.trace_id)
    return None


class NumberPoint:
    """A sum."""

    __slots__ = ("attributes", "exemplar", "start", "value")

    def __init__(self, attributes: dict[str, AnyValue]) -> None:
        self.attributes = attributes
        self.start = time_ns()
        self.value: int | float = 0
        self.exemplar: Exemplar | None = None

    def add(self, amount: int | float, context: Context | None, rule: ExemplarRule) -> None:
        """Add a finite amount."""
        self.value += amount
        if self.exemplar is None:
            self.exemplar = illustrate(amount, context, rule)

    def collect(self, now: int) -> NumberDataPoint:
        """Return the number as it is `now`, nanoseconds since 1970."""
        exemplars = [] if self.exemplar is None else [self.exemplar]
        self.exemplar = None
        return NumberDataPoint(self.attributes, self.start, now, self.value, exemplars)


class ExplicitPoint:
    """A distribution in buckets with upper boundaries that are given."""

    __slots__ = ("attributes", "boundaries", "count", "counts", "exemplars", "max", "min", "start", "sum")

    def __init__(self, attributes: dict[str, AnyValue], boundaries: Sequence[float] = BOUNDARIES) -> None:
        self.attributes = attributes
        self.boundaries = boundaries
        self.start = time_ns()
        self.count = 0
        self.sum: int | float = 0
        self.min, self.max = inf, -inf
        self.counts = [0] * (len(boundaries) + 1)
        self.exemplars: dict[int, Exemplar] = {}

    def add(self, value: float, context: Context | None, rule: ExemplarRule) -> None:
        """Count a finite value ≥ 0."""
        self.count += 1
        self.sum += value
        if value < self.min:
            self.min = value
        if value > self.max:
            self.max = value
        index = bisect_left(self.boundaries, value)
        self.counts[index] += 1
        if index not in self.exemplars and (exemplar := illustrate(value, context, rule)):
            self.exemplars[index] = exemplar

    def collect(self, now: int) -> HistogramDataPoint:
        """Return the counts since start and this cycle's exemplars; `now` in nanoseconds since 1970."""
        exemplars, self.exemplars = list(self.exemplars.values()), {}
        return HistogramDataPoint(
            attributes=self.attributes,
            start_time_unix_nano=self.start,
            time_unix_nano=now,
            count=self.count,
            sum=self.sum,
            bucket_counts=tuple(self.counts),
            explicit_bounds=tuple(self.boundaries),
            min=self.min,
            max=self.max,
            exemplars=exemplars,
        )


class ExponentialPoint:
    """A distribution in buckets that grow by a constant factor.

    Bucket i at scale s holds (base**i, base**(i+1)] with base = 2**(2**-s), 160 at most; when values spread
    further, neighbours merge and the scale falls
    (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram).
    """

    __slots__ = (
        "attributes",
        "count",
        "counts",
        "exemplars",
        "factor",
        "max",
        "min",
        "scale",
        "start",
        "sum",
        "zeros",
    )

    def __init__(self, attributes: dict[str, AnyValue]) -> None:
        self.attributes = attributes
        self.start = time_ns()
        self.count = self.zeros = 0
        self.sum: int | float = 0
        self.min, self.max = inf, -inf
        self.scale, self.factor = MAX_SCALE, ldexp(1.0, MAX_SCALE)
        self.counts: dict[int, int] = {}
        self.exemplars: dict[int, Exemplar] = {}

    def add(self, value: float, context: Context | None, rule: ExemplarRule) -> None:
        """Count a finite value ≥ 0."""
        self.count += 1
        self.sum += value
        if value < self.min:
            self.min = value
        if value > self.max:
            self.max = value
        if value:
            index = ceil(log2(value) * self.factor) - 1
            if index in self.counts:
                self.counts[index] += 1
            else:
                self._open(index)
        else:
            self.zeros += 1
        exponent = frexp(value)[1]
        if exponent not in self.exemplars and (exemplar := illustrate(value, context, rule)):
            self.exemplars[exponent] = exemplar

    def _open(self, index: int) -> None:
        low, high = min(self.counts, default=index), max(self.counts, default=index)
        low, high = min(low, index), max(high, index)
        shift = 0
        while (high >> shift) - (low >> shift) >= MAX_BUCKETS:
            shift += 1
        if shift:
            self._merge(shift)
        self.counts[index >> shift] = self.counts.get(index >> shift, 0) + 1

    def _merge(self, shift: int) -> None:
        merged: dict[int, int] = {}
        for index, count in self.counts.items():
            merged[index >> shift] = merged.get(index >> shift, 0) + count
        self.counts = merged
        self.scale -= shift
        self.factor = ldexp(1.0, self.scale)

    def collect(self, now: int) -> ExponentialHistogramDataPoint:
        """Return the counts since start and this cycle's exemplars; `now` in nanoseconds since 1970."""
        exemplars, self.exemplars = list(self.exemplars.values()), {}
        low, high = min(self.counts, default=0), max(self.counts, default=-1)
        return ExponentialHistogramDataPoint(
            attributes=self.attributes,
            start_time_unix_nano=self.start,
            time_unix_nano=now,
            count=self.count,
            sum=self.sum,
            scale=self.scale,
            zero_count=self.zeros,
            positive=Buckets(low, [self.counts.get(index, 0) for index in range(low, high + 1)]),
            negative=Buckets(0, []),
            flags=0,
            min=self.min,
            max=self.max,
            exemplars=exemplars,
        )
