"""Metrics of many processes, sums and exponential histograms, that grow from round to round."""

import time
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ScopeMetrics

from bench.pipeline.encoding import Request, set_attributes, set_resource

SERIES = 100
"""Of a process; every fourth is an exponential histogram."""
PROCESSES = 10
"""Of a service."""
BUCKETS = 40
NAME = "pipeline_"
"""What the names of the metrics begin with in Prometheus."""
METHODS = ("GET", "POST", "PUT", "DELETE")
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


class Points:
    """Rounds without end: a request of each process in turn, with a point of each of its series."""

    def __init__(self, points: int) -> None:
        """A round has so many points."""
        self._processes = round(points / SERIES)
        self._message = ExportMetricsServiceRequest()
        self._group = self._message.resource_metrics.add()
        scope = self._group.scope_metrics.add()
        scope.scope.name = "shop"
        self._points = [_add_series(scope, place) for place in range(SERIES)]

    def __iter__(self) -> Iterator[Request]:
        observed = 0
        while True:
            observed += 1
            for point in self._points:
                point.time_unix_nano = time.time_ns()
                _grow(point, observed)
            for process in range(self._processes):
                set_resource(self._group, f"service-{process // PROCESSES}", process % PROCESSES)
                yield Request(self._message.SerializeToString(), SERIES)


def _add_series(scope: ScopeMetrics, place: int) -> Any:
    kind = "sum" if place % 4 else "exponential_histogram"
    metric = scope.metrics.add(name=f"pipeline.{kind}.{place // 16}", unit="s" if kind != "sum" else "{item}")
    data = getattr(metric, kind)
    data.aggregation_temporality = CUMULATIVE
    if kind == "sum":
        data.is_monotonic = True
    point = data.data_points.add(start_time_unix_nano=time.time_ns())
    labels = {
        "http.request.method": METHODS[place // 4 % 4],
        "http.route": f"/orders/{{id}}/{place}",
        "app.tier": "gold",
    }
    set_attributes(point.attributes, labels)
    return point


def _grow(point: Any, observed: int) -> None:
    """One more in each bucket."""
    if hasattr(point, "as_int"):
        point.as_int = observed
    else:
        point.count, point.sum, point.scale = observed * BUCKETS, observed * 0.8, 3
        point.positive.offset = -60
        point.positive.bucket_counts[:] = [observed] * BUCKETS
