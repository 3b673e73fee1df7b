"""Counts of several users, say, that are one series since the collector has masked which."""

from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint, ResourceMetrics

from services.ingest.resolution import reduce_resolution
from services.ingest.sums import add_point

MASK = b"****"
"""What `redaction` in collector/config.yaml puts in the place of a text."""

_ADDED = ("sum", "histogram", "exponential_histogram")


def add_masked(resource: ResourceMetrics) -> None:
    """Makes one point of those of a sum or histogram that have one time and the same, masked attributes."""
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            kind = metric.WhichOneof("data")
            if kind in _ADDED:
                _add_points(getattr(metric, kind).data_points)


def _add_points(points: Any) -> None:
    firsts: dict[tuple[frozenset[bytes], int], Any] = {}
    added = []
    for index, point in enumerate(points):
        attributes = frozenset(each.SerializeToString() for each in point.attributes)
        if not any(MASK in each for each in attributes):
            continue
        if isinstance(point, ExponentialHistogramDataPoint):
            reduce_resolution(point)
        first = firsts.setdefault((attributes, point.time_unix_nano), point)
        if first is not point and add_point(point, first):
            added.append(index)
    for index in reversed(added):
        del points[index]
