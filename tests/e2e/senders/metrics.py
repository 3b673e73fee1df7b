"""Senders of metrics as they are in the wild, good and bad; each makes one request's resources."""

import time
from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, ScopeMetrics

SECOND = 10**9
DELTA: Any = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE: Any = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE

Request = ExportMetricsServiceRequest
Fill = Callable[[ScopeMetrics, int], None]
"""Adds one round of a sender's metrics; the round counts from 0."""


def add_sender(request: Request, service: str, **attributes: str) -> ScopeMetrics:
    """A resource in a request; attributes' dots are written as underscores."""
    resource = request.resource_metrics.add()
    named = {"service.name": service} | {key.replace("_", "."): value for key, value in attributes.items()}
    for key, value in named.items():
        resource.resource.attributes.add(key=key).value.string_value = value
    scope: ScopeMetrics = resource.scope_metrics.add()
    return scope


def set_attributes(point: Any, labels: dict[str, str]) -> None:
    for key, value in labels.items():
        point.attributes.add(key=key).value.string_value = value


def counter(
    scope: ScopeMetrics,
    name: str,
    value: float,
    *,
    ahead: float = 0,
    age: float = 60,
    temporality: Any = CUMULATIVE,
    **labels: str,
) -> Metric:
    """A monotonic sum of one point, `ahead` seconds from now, that began `age` seconds ago."""
    now = time.time_ns()
    metric: Metric = scope.metrics.add(name=name)
    metric.sum.aggregation_temporality = temporality
    metric.sum.is_monotonic = True
    start = now - int(age * SECOND)
    point = metric.sum.data_points.add(
        as_double=value, start_time_unix_nano=start, time_unix_nano=now + int(ahead * SECOND)
    )
    set_attributes(point, labels)
    return metric


def gauge(scope: ScopeMetrics, name: str, value: float, **labels: str) -> Metric:
    metric: Metric = scope.metrics.add(name=name)
    point = metric.gauge.data_points.add(as_double=value, time_unix_nano=time.time_ns())
    set_attributes(point, labels)
    return metric


def histogram(scope: ScopeMetrics, name: str, temporality: Any = CUMULATIVE) -> None:
    now = time.time_ns()
    data = scope.metrics.add(name=name).histogram
    data.aggregation_temporality = temporality
    point = data.data_points.add(start_time_unix_nano=now - SECOND, time_unix_nano=now, count=3, sum=0.6)
    point.bucket_counts.extend((1, 1, 1))
    point.explicit_bounds.extend((0.1, 0.3))


def exponential(scope: ScopeMetrics, name: str, scale: int) -> None:
    now = time.time_ns()
    data = scope.metrics.add(name=name).exponential_histogram
    data.aggregation_temporality = CUMULATIVE
    point = data.data_points.add(
        start_time_unix_nano=now - SECOND, time_unix_nano=now, count=1, sum=1, scale=scale
    )
    point.positive.bucket_counts.append(1)


def good(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "checkouts", 1000 + turn)


def delta(scope: ScopeMetrics, _: int) -> None:
    counter(scope, "orders", 5, temporality=DELTA)
    histogram(scope, "latency", DELTA)


def future(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "orders", 5 + turn, ahead=660)


def hour_ahead(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "orders", 5 + turn, ahead=3600)


def behind(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "orders", 5 + turn, ahead=-300, age=400)


def too_old(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "orders", 5 + turn, ahead=-4 * 3600, age=5 * 3600)


def huge_label(scope: ScopeMetrics, turn: int) -> None:
    counter(scope, "prompts", 1 + turn, prompt="x" * 1_000_000)


def user_ids(scope: ScopeMetrics, turn: int, temporality: Any = CUMULATIVE) -> None:
    for user in range(1_500 * turn, 1_500 * (turn + 1)):
        counter(scope, "clicks", 1, temporality=temporality, user_id=str(user), page=str(user % 3))


def delta_user_ids(scope: ScopeMetrics, turn: int) -> None:
    user_ids(scope, turn, DELTA)


def two_workers(scope: ScopeMetrics, turn: int) -> None:
    """Two processes under one identity: one has counted 100 more."""
    counter(scope, "requests", 100 + turn if turn % 2 else 3 + turn)


def duplicate(scope: ScopeMetrics, turn: int) -> None:
    """Another value for a time that has one."""
    metric = counter(scope, "orders", turn)
    metric.sum.data_points[0].time_unix_nano = START
    metric.sum.data_points[0].start_time_unix_nano = START - 60 * SECOND


START = time.time_ns()


def twice(scope: ScopeMetrics, turn: int) -> None:
    """Two values for one time in one request."""
    metric = counter(scope, "orders", 5 + turn)
    metric.sum.data_points.add().CopyFrom(metric.sum.data_points[0])
    metric.sum.data_points[1].as_double += 1


def users(scope: ScopeMetrics, turn: int) -> None:
    """What tells two series apart is masked."""
    metric = counter(scope, "logins", turn, mail="ann@example.org")
    metric.sum.data_points.append(counter(scope, "", 3, mail="bob@example.org").sum.data_points[0])
    metric.sum.data_points[1].time_unix_nano = metric.sum.data_points[0].time_unix_nano
    del scope.metrics[1]


def bad_scale(scope: ScopeMetrics, _: int) -> None:
    exponential(scope, "sizes", -11)


def empty_name(scope: ScopeMetrics, _: int) -> None:
    gauge(scope, "", 1)


def empty_key(scope: ScopeMetrics, _: int) -> None:
    gauge(scope, "keys", 1, **{"": "x"})


def no_data(scope: ScopeMetrics, _: int) -> None:
    scope.metrics.add(name="nothing")


def not_a_number(scope: ScopeMetrics, _: int) -> None:
    gauge(scope, "ratio", float("nan"))


def two_types(scope: ScopeMetrics, turn: int) -> None:
    """Of which Prometheus calls one `things_total`."""
    counter(scope, "things", turn)
    gauge(scope, "things", turn + 0.5)


def clashing_types(scope: ScopeMetrics, turn: int) -> None:
    """Of which Prometheus calls both `things`."""
    counter(scope, "things", turn).sum.is_monotonic = False
    histogram(scope, "things")
