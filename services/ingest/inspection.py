"""One look at every point before it is sent: what Prometheus would refuse is kept out, or repaired."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
)

from services.ingest.collisions import Collisions
from services.ingest.kinds import Kinds
from services.ingest.reasons import Reason
from services.ingest.resolution import reduce_resolution
from services.ingest.senders import Sender, identify
from services.ingest.series import Described, SeriesLimit
from services.ingest.sums import Sums, read_value
from services.ingest.tally import Findings, Tally

SECOND, MILLISECOND = 1_000_000_000, 1_000_000

AHEAD = 10.0
"""Seconds by which a clock may be ahead. No query sees the future; Prometheus refuses 10 minutes of it."""

OUT_OF_ORDER_WINDOW = 1800.0
"""Seconds: out_of_order_time_window in prometheus/prometheus.yml. Older points are refused."""

LONGEST_VALUE = 1024
"""Characters that are kept of an attribute's value."""
LONGEST_WORD = 256
"""Characters that a metric's name and an attribute's key may have."""
LONGEST_ATTRIBUTE = LONGEST_WORD + LONGEST_VALUE
"""Bytes, encoded, from which an attribute is cut."""
MOST_ATTRIBUTES = 128

MADE_OF_SPANS = "spanmetricsconnector"
"""The scope of metrics that go on when a service is silent: the collector makes them."""

NO_VALUE = 1
"""The flag of a point that only says that its series has ended."""

Count = Callable[[Any], float]
_TEMPORAL = frozenset({"sum", "histogram", "exponential_histogram"})
_TEMPORALITIES = (AGGREGATION_TEMPORALITY_CUMULATIVE, AGGREGATION_TEMPORALITY_DELTA)


@dataclass
class _Memory:
    """Of resources before; `seen` of those of this request to Prometheus."""

    series: SeriesLimit
    collisions: Collisions
    sums: Sums
    kinds: Kinds = field(default_factory=Kinds)
    seen: dict[int, Any] = field(default_factory=dict)
    """Values by series and time."""


class _Looked(NamedTuple):
    """What the points of a metric have in common; `metric` tells its series in Prometheus from others."""

    name: str
    metric: int
    counted: Count | None
    shift: int
    delta: bool


class Inspector:
    """Looks at resources with the memory of those before."""

    def __init__(
        self, series: SeriesLimit, collisions: Collisions, sums: Sums, clock: Callable[[], float]
    ) -> None:
        self._memory = _Memory(series, collisions, sums)
        self._clock = clock

    def begin(self) -> None:
        """A request to Prometheus begins: of two values for one time in it, it drops one and says nothing."""
        self._memory.seen.clear()

    def inspect(self, resource: ResourceMetrics, tally: Tally) -> None:
        """Takes out of `resource`, or mends in it, what is bad, and counts it."""
        sender = identify(resource.resource)
        findings = tally.of(sender.name)
        if cut := _cut_long(resource.resource.attributes):
            findings.repaired[Reason.TOO_LARGE] += cut
        now = int(self._clock() * SECOND)
        look = _Look(self._memory, sender, findings, now)
        for scope in resource.scope_metrics:
            kept = scope.metrics
            for index in reversed(range(len(kept))):
                if not look.keeps(kept[index]):
                    del kept[index]
        if look.newest and not _is_made_of_spans(resource):
            tally.hear(sender, now / SECOND, look.newest / SECOND)


class _Look:
    """At the metrics of one resource; `now` in ns, like `newest`, the time of its newest point."""

    def __init__(self, memory: _Memory, sender: Sender, findings: Findings, now: int) -> None:
        self._memory = memory
        self._sender = sender
        self._findings = findings
        self._now = now
        self._oldest = now - int(OUT_OF_ORDER_WINDOW * SECOND)
        self._limit = now + int(AHEAD * SECOND)
        self.newest = 0

    def keeps(self, metric: Metric) -> bool:
        """Whether anything of a metric is left."""
        kind = metric.WhichOneof("data") or ""
        data = getattr(metric, kind) if kind else None
        identified = hash((self._sender.identity, metric.name, metric.unit, _is_counter(kind, data)))
        reason = _refusal(metric, kind, data)
        if not reason and not self._memory.kinds.fits(identified, kind, self._now):
            reason = Reason.TYPE
        if reason:
            self._findings.refused[reason] += len(data.data_points) if data else 1
            return False
        assert data is not None
        delta = kind in _TEMPORAL and data.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
        points, counted = data.data_points, None if delta else _counter(kind, data)
        if kind == "exponential_histogram":
            for point in points:
                reduce_resolution(point)
        looked = _Looked(metric.name, identified, counted, self._ahead(points), delta)
        bad = [index for index, point in enumerate(points) if not self._keeps(looked, point)]
        for index in reversed(bad):
            del points[index]
        if delta:
            data.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
        return len(points) > 0

    def _keeps(self, looked: _Looked, point: Any) -> bool:
        """Whether a point may go on; one that is ahead is moved by `shift` ns, a delta becomes a sum."""
        ahead = looked.shift if point.time_unix_nano > self._limit else 0
        if point.time_unix_nano - ahead < self._oldest:
            self._findings.refused[Reason.TOO_OLD] += 1
            return False
        if len(point.attributes) > MOST_ATTRIBUTES:
            self._findings.refused[Reason.TOO_LARGE] += 1
            return False
        series = self._identify_series(looked.metric, point.attributes)
        if not self._admits(looked.name, series, point.attributes) or self._repeats(series, point, ahead):
            return False
        if looked.counted and not point.flags & NO_VALUE:
            self._watch(series, point, looked.counted(point))
        if ahead:
            self._move(point, ahead)
        return not looked.delta or self._adds(series, point)

    def _identify_series(self, metric: int, attributes: Any) -> int:
        series = metric
        for attribute in attributes:
            encoded = attribute.SerializeToString()
            if len(encoded) > LONGEST_ATTRIBUTE:
                self._findings.repaired[Reason.TOO_LARGE] += _cut_long((attribute,))
                encoded = attribute.SerializeToString()
            series ^= hash(encoded)
        return series

    def _admits(self, metric: str, series: int, attributes: Any) -> bool:
        admitted = self._memory.series.admits(
            self._sender.name,
            metric,
            series,
            lambda: Described(
                self._sender.labels,
                [(each.key, hash(each.value.SerializeToString())) for each in attributes],
            ),
        )
        if not admitted:
            self._findings.refused[Reason.SERIES] += 1
        return admitted

    def _repeats(self, series: int, point: Any, ahead: int) -> bool:
        """Whether the request has another value of the series for the time of this one."""
        time = (point.time_unix_nano - ahead) // MILLISECOND
        value = _read(point)
        first = self._memory.seen.setdefault(hash((series, time)), value)
        repeats = first is not value and first != value
        if repeats:
            self._findings.refused[Reason.DUPLICATE] += 1
        return repeats

    def _adds(self, series: int, point: Any) -> bool:
        if point.flags & NO_VALUE:
            return True
        reason = self._memory.sums.add(series, point)
        if reason:
            self._findings.refused[reason] += 1
        return reason is None

    def _watch(self, series: int, point: Any, value: float) -> None:
        start, time = point.start_time_unix_nano, point.time_unix_nano
        if self._memory.collisions.look(self._sender.identity, series, start, time, value):
            self._findings.collisions += 1

    def _ahead(self, points: Any) -> int:
        """How far in ns the newest point is ahead, 0 if no more than a clock may be.

        All are moved by the same, so that they keep their distances.
        """
        newest = max((point.time_unix_nano for point in points), default=0)
        self.newest = max(self.newest, newest)
        return newest - self._now if newest > self._limit else 0

    def _move(self, point: Any, by: int) -> None:
        point.time_unix_nano -= by
        point.start_time_unix_nano = max(0, point.start_time_unix_nano - by)
        self._findings.repaired[Reason.FUTURE] += 1


def _is_made_of_spans(resource: ResourceMetrics) -> bool:
    return all(scope.scope.name == MADE_OF_SPANS for scope in resource.scope_metrics)


def _refusal(metric: Metric, kind: str, data: Any) -> Reason | None:
    if data is None:
        return Reason.INVALID
    if len(metric.name) > LONGEST_WORD:
        return Reason.TOO_LARGE
    if kind in _TEMPORAL and data.aggregation_temporality not in _TEMPORALITIES:
        return Reason.TEMPORALITY
    return None


def _is_counter(kind: str, data: Any) -> bool:
    """Whether Prometheus adds `_total` to the metric's name."""
    return kind == "sum" and bool(data.is_monotonic)


def _counter(kind: str, data: Any) -> Count | None:
    """What to read of a point that a process only lets grow."""
    if kind == "sum":
        return read_value if data.is_monotonic else None
    return _count if kind in _TEMPORAL else None


def _read(point: Any) -> Any:
    """What tells a value from another one for the same time."""
    if isinstance(point, NumberDataPoint):
        return point.as_double or point.as_int
    return point.count, point.sum


def _count(point: Any) -> float:
    return float(point.count)


def _cut_long(attributes: Any) -> int:
    """Cuts the attributes that are too long; how many."""
    long = [attribute for attribute in attributes if attribute.ByteSize() > LONGEST_ATTRIBUTE]
    for attribute in long:
        attribute.key = attribute.key[:LONGEST_WORD]
        if attribute.value.ByteSize() > LONGEST_VALUE:
            attribute.value.string_value = attribute.value.string_value[:LONGEST_VALUE]
    return len(long)
