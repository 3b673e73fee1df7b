"""Metrics of many processes, sums and exponential histograms, that grow from round to round."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ScopeMetrics

from bench.pipeline.encoding import Request, set_attributes, set_resource

SERIES = 100
"""Of a process; every fourth is an exponential histogram."""
PROCESSES = 10
"""Of a service."""
BUCKETS = 40
OBSERVED = 50.0 * np.exp(-(((np.arange(BUCKETS) - BUCKETS / 2) / 8) ** 2))
"""How many observations come into each bucket from round to round, in the mean."""
NAME = "pipeline_"
"""What the names of the metrics begin with in Prometheus."""
METHODS = ("GET", "POST", "PUT", "DELETE")
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


class Points:
    """Rounds without end: a request of each process in turn, with a point of each of its series.

    A service has `replicas` processes; `clock` is asked for the time (Unix nanoseconds) of each round.
    """

    def __init__(
        self,
        processes: int,
        replicas: int = PROCESSES,
        series: Sequence[int] = range(SERIES),
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._processes, self._replicas, self._clock = processes, replicas, clock
        self._random = np.random.default_rng(1)
        self._message = ExportMetricsServiceRequest()
        self._group = self._message.resource_metrics.add()
        scope = self._group.scope_metrics.add()
        scope.scope.name = "shop"
        began = clock()
        self._points = [_add_series(scope, place, began) for place in series]

    def __iter__(self) -> Iterator[Request]:
        while True:
            now = self._clock()
            for point in self._points:
                point.time_unix_nano = now
                _grow(point, self._random)
            for process in range(self._processes):
                set_resource(self._group, f"service-{process // self._replicas}", process % self._replicas)
                yield Request(self._message.SerializeToString(), len(self._points))


def _add_series(scope: ScopeMetrics, place: int, began: int) -> Any:
    kind = "sum" if place % 4 else "exponential_histogram"
    metric = scope.metrics.add(name=f"pipeline.{kind}.{place // 16}", unit="s" if kind != "sum" else "{item}")
    data = getattr(metric, kind)
    data.aggregation_temporality = CUMULATIVE
    if kind == "sum":
        data.is_monotonic = True
    point = data.data_points.add(start_time_unix_nano=began)
    labels = {
        "http.request.method": METHODS[place // 4 % 4],
        "http.route": f"/orders/{{id}}/{place}",
        "app.tier": "gold",
    }
    set_attributes(point.attributes, labels)
    return point


def _grow(point: Any, drawn: np.random.Generator) -> None:
    if hasattr(point, "as_int"):
        point.as_int += int(drawn.integers(1, 20))
        return
    positive, added = point.positive, drawn.poisson(OBSERVED)
    known = list(positive.bucket_counts) or [0] * BUCKETS
    positive.bucket_counts[:] = (added + known).tolist()
    positive.offset, point.scale = -60, 3
    point.count += int(added.sum())
    point.sum += float(added.sum()) * 0.02
