"""Deltas added up: a point of delta temporality becomes the sum of its series so far."""

from collections import Counter
from collections.abc import Callable
from math import isfinite
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
)

from services.ingest.reasons import Reason
from services.ingest.resolution import FINEST, LARGEST_COUNT, Buckets

MOST_BUCKETS = 160
"""Of an exponential histogram, as in SDKs: with more, its buckets are merged."""
MOST_BOUNDED_BUCKETS = 512
"""Of a histogram with bounds of its own: with more, it is refused."""
COARSEST = -4
"""Scale of the widest buckets that Prometheus takes."""
FARTHEST = 1 << 20
"""Offset beyond all numbers: at FINEST the largest is in bucket 2**18."""


class Sums:
    """The sums of delta series. A request adds to them when it is stored: until then it may come again."""

    def __init__(self) -> None:
        self._new: dict[int, Any] = {}
        self._old: dict[int, Any] = {}
        self._pending: dict[int, Any] = {}

    def begin(self) -> None:
        """A request begins; what the one before it did not commit is forgotten."""
        self._pending.clear()

    def commit(self) -> None:
        """What the request added is stored."""
        for series, total in self._pending.items():
            self._old.pop(series, None)
            self._new[series] = total

    def turn(self) -> None:
        """Forget the series that had no points since the turn before."""
        self._new, self._old = {}, self._new

    def add(self, series: int, point: Any) -> Reason | None:
        """Makes a delta point the sum up to its time, or says why it cannot be added."""
        if reason := _fault(point):
            return reason
        last = self._last(series, type(point))
        if last and point.time_unix_nano <= last.time_unix_nano:
            return Reason.DUPLICATE if point.time_unix_nano == last.time_unix_nano else Reason.TOO_OLD
        _ADDITIONS[type(point)](point, last)
        self._pending[series] = _without_attributes(point)
        return None

    def _last(self, series: int, kind: type) -> Any:
        last = self._pending.get(series) or self._new.get(series) or self._old.get(series)
        return last if type(last) is kind else None


def read_value(point: NumberDataPoint) -> float:
    """The value of a point, whole or not."""
    return float(point.as_double or point.as_int)


def add_point(point: Any, to: Any) -> bool:
    """Adds a point to another one of its type, and says whether that can be done."""
    if _fault(point) or _fault(to) or point.flags or to.flags:
        return False
    if isinstance(point, HistogramDataPoint) and _layout(point) != _layout(to):
        return False
    _ADDITIONS[type(point)](point, to)
    to.CopyFrom(point)
    return True


def _fault(point: Any) -> Reason | None:
    """Why nothing can be added to this point."""
    match point:
        case NumberDataPoint():
            return None if isfinite(read_value(point)) else Reason.INVALID
        case HistogramDataPoint():
            return Reason.TOO_LARGE if len(point.bucket_counts) > MOST_BOUNDED_BUCKETS else None
    within = all(abs(side.offset) <= FARTHEST for side in (point.positive, point.negative))
    return None if within and COARSEST <= point.scale <= FINEST else Reason.HISTOGRAM


def _add_number(point: NumberDataPoint, last: NumberDataPoint | None) -> None:
    if last:
        point.start_time_unix_nano = last.start_time_unix_nano
        point.as_double = read_value(point) + read_value(last)


def _add_histogram(point: HistogramDataPoint, last: HistogramDataPoint | None) -> None:
    """A histogram of other bounds begins a sum of its own."""
    if last and _layout(point) == _layout(last):
        _add_totals(point, last)
        point.bucket_counts[:] = map(_add_counts, point.bucket_counts, last.bucket_counts)


def _layout(point: HistogramDataPoint) -> tuple[int, list[float]]:
    return len(point.bucket_counts), list(point.explicit_bounds)


def _add_exponential(
    point: ExponentialHistogramDataPoint, last: ExponentialHistogramDataPoint | None
) -> None:
    """At the coarser scale of the two, or one at which MOST_BUCKETS are enough."""
    scale = point.scale
    positive, negative = _read_buckets(point.positive, 0), _read_buckets(point.negative, 0)
    if last:
        scale = min(point.scale, last.scale)
        by, last_by = point.scale - scale, last.scale - scale
        positive = _read_buckets(point.positive, by) + _read_buckets(last.positive, last_by)
        negative = _read_buckets(point.negative, by) + _read_buckets(last.negative, last_by)
        point.zero_count = _add_counts(point.zero_count, last.zero_count)
        point.zero_threshold = max(point.zero_threshold, last.zero_threshold)
        _add_totals(point, last)
    by = max(_excess(positive), _excess(negative))
    point.scale = scale - by
    _write_buckets(point.positive, positive, by)
    _write_buckets(point.negative, negative, by)


def _read_buckets(buckets: Buckets, by: int) -> Counter[int]:
    """Counts by index, with 2**`by` buckets as one."""
    found: Counter[int] = Counter()
    for index, count in enumerate(buckets.bucket_counts, buckets.offset):
        found[index >> by] += count
    return +found


def _excess(counts: Counter[int]) -> int:
    """By how much the scale has to fall for MOST_BUCKETS to hold all."""
    by = 0
    while counts and (max(counts) >> by) - (min(counts) >> by) >= MOST_BUCKETS:
        by += 1
    return by


def _write_buckets(buckets: Buckets, counts: Counter[int], by: int) -> None:
    merged: Counter[int] = Counter()
    for index, count in counts.items():
        merged[index >> by] = _add_counts(merged[index >> by], count)
    buckets.offset = min(merged, default=0)
    buckets.bucket_counts[:] = [merged[i] for i in range(buckets.offset, max(merged, default=-1) + 1)]


def _add_totals(point: Any, last: Any) -> None:
    point.start_time_unix_nano = last.start_time_unix_nano
    point.count = _add_counts(point.count, last.count)
    if point.HasField("sum") and last.HasField("sum"):
        point.sum += last.sum
    else:
        point.ClearField("sum")


def _add_counts(one: int, other: int) -> int:
    return min(one + other, LARGEST_COUNT)


def _without_attributes(point: Any) -> Any:
    kept = type(point)()
    kept.CopyFrom(point)
    kept.ClearField("attributes")
    kept.ClearField("exemplars")
    return kept


_ADDITIONS: dict[type, Callable[[Any, Any], None]] = {
    NumberDataPoint: _add_number,
    HistogramDataPoint: _add_histogram,
    ExponentialHistogramDataPoint: _add_exponential,
}
