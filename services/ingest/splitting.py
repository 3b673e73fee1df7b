"""Requests in smaller requests: by resource, by metric, by point. Messages are copied in C, never rebuilt."""

from collections.abc import Collection, Iterator
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics

Request = ExportMetricsServiceRequest


def points(metric: Metric) -> Any:
    """The data points of a metric of any kind, empty for one without data."""
    kind = metric.WhichOneof("data")
    return getattr(metric, kind).data_points if kind else ()


def metrics(request: Request) -> Iterator[Metric]:
    """Every metric of a request."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics


def count_points(request: Request) -> int:
    """Data points in a request."""
    return sum(len(points(metric)) for metric in metrics(request))


def halve(request: Request) -> tuple[Request, Request] | None:
    """The request in two, resources apart before metrics, metrics before points; None if it is one point."""
    resources = request.resource_metrics
    if len(resources) > 1:
        return _requests(*_halves(resources))
    inner = _halve_resource(resources[0]) if resources else None
    return _requests([inner[0]], [inner[1]]) if inner else None


def move_out(resource: ResourceMetrics, names: Collection[str]) -> Iterator[tuple[str, ResourceMetrics]]:
    """Takes the metrics of these names out of a resource: each by its name, in a resource of its own."""
    for scope in resource.scope_metrics if names else ():
        for index in reversed(range(len(scope.metrics))):
            metric = scope.metrics[index]
            if metric.name in names:
                apart = _with_scopes(resource, [_with_metrics(scope, [metric])])
                del scope.metrics[index]
                yield metric.name, apart


def _halve_resource(resource: ResourceMetrics) -> tuple[ResourceMetrics, ResourceMetrics] | None:
    scopes = resource.scope_metrics
    if len(scopes) > 1:
        parts: Any = _halves(scopes)
    elif scopes and (inner := _halve_scope(scopes[0])):
        parts = ([inner[0]], [inner[1]])
    else:
        return None
    return _with_scopes(resource, parts[0]), _with_scopes(resource, parts[1])


def _halve_scope(scope: ScopeMetrics) -> tuple[ScopeMetrics, ScopeMetrics] | None:
    if len(scope.metrics) > 1:
        parts: Any = _halves(scope.metrics)
    elif scope.metrics and len(points(scope.metrics[0])) > 1:
        parts = _halve_metric(scope.metrics[0])
    else:
        return None
    return _with_metrics(scope, parts[0]), _with_metrics(scope, parts[1])


def _halve_metric(metric: Metric) -> tuple[list[Metric], list[Metric]]:
    first, second = Metric(), Metric()
    first.CopyFrom(metric)
    second.CopyFrom(metric)
    middle = len(points(metric)) // 2
    del points(first)[middle:]
    del points(second)[:middle]
    return [first], [second]


def _halves(items: Any) -> tuple[Any, Any]:
    middle = len(items) // 2
    return items[:middle], items[middle:]


def _requests(first: Any, second: Any) -> tuple[Request, Request]:
    return Request(resource_metrics=first), Request(resource_metrics=second)


def _with_scopes(resource: ResourceMetrics, scopes: Any) -> ResourceMetrics:
    return ResourceMetrics(resource=resource.resource, schema_url=resource.schema_url, scope_metrics=scopes)


def _with_metrics(scope: ScopeMetrics, metrics: Any) -> ScopeMetrics:
    return ScopeMetrics(scope=scope.scope, schema_url=scope.schema_url, metrics=metrics)
