"""An exponential histogram of one attribute set, with exemplars.

Buckets are those of OpenTelemetry's base-2 exponential histogram: bucket i at scale s holds
(base**i, base**(i+1)] with base = 2**(2**-s), 160 at most; when values spread further, neighbours merge
and the scale falls
(https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram).
"""

from math import ceil, frexp, inf, ldexp, log2
from time import time_ns

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import Buckets, ExponentialHistogramDataPoint
from opentelemetry.util.types import AnyValue

MAX_SCALE = 8
"""Prometheus keeps no finer native histogram."""
MAX_BUCKETS = 160
_EXPONENTS = range(-24, 24)


class HistogramPoint:
    """Counts values and keeps, per export, the first sampled trace of every power of two: rare slow ones too.

    Not safe for concurrent use: its owner holds a lock.
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
        self.sum = 0.0
        self.min, self.max = inf, -inf
        self.scale, self.factor = MAX_SCALE, ldexp(1.0, MAX_SCALE)
        self.counts: dict[int, int] = {}
        self.exemplars: dict[int, Exemplar] = {}

    def record(self, value: float, context: Context | None) -> None:
        """Count a finite value ≥ 0; `context` (default: the current one) names the trace it came from."""
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
        if exponent not in self.exemplars and exponent in _EXPONENTS:
            self._illustrate(exponent, value, context)

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

    def _illustrate(self, exponent: int, value: float, context: Context | None) -> None:
        span = trace.get_current_span(context).get_span_context()
        if span.trace_flags.sampled:
            self.exemplars[exponent] = Exemplar({}, value, time_ns(), span.span_id, span.trace_id)

    def collect(self, now: int) -> ExponentialHistogramDataPoint:
        """Return the counts since start and this export's exemplars; `now` in nanoseconds since 1970."""
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
