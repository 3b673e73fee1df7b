"""The meter provider: the SDK's own, with cheap counters and histograms where it exports by itself.

`exporters` are the fast path. Readers of others and views see the SDK's instruments, unchanged: there is no
public way for an aggregation of one's own into a reader.
"""

import weakref
from collections.abc import Sequence
from os import environ, register_at_fork
from threading import Lock
from time import time_ns
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.environment_variables import OTEL_METRICS_EXEMPLAR_FILTER
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.view import Aggregation, ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import Attributes

from fastotel.identity import identify
from fastotel.instruments import Counter, Histogram, Recorded, Switch, UpDownCounter


class Registry:
    """The cheap instruments of one provider, by scope and by the SDK's instrument they stand for."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self._lock = Lock()
        self._made: dict[InstrumentationScope, dict[Any, Recorded]] = {}
        again = weakref.WeakMethod(self._restart)
        register_at_fork(after_in_child=lambda: (restart := again()) and restart())

    def keep(self, scope: InstrumentationScope, instrument: Any, cheap: Recorded) -> Any:
        """Return the instrument that stands for `instrument`: `cheap`, or one made earlier."""
        with self._lock:
            return self._made.setdefault(scope, {}).setdefault(instrument, cheap)

    def _restart(self) -> None:
        self._lock = Lock()
        for made in self._made.values():
            for instrument in made.values():
                instrument.points.restart()

    def count_series(self, _: CallbackOptions) -> list[Observation]:
        """Return the number of attribute sets held, for a metric that is there as soon as anything is."""
        with self._lock:
            made = [instrument for scope in self._made.values() for instrument in scope.values()]
        return [Observation(sum(len(instrument.points) for instrument in made))]

    def collect(self) -> list[ScopeMetrics]:
        """Return what has been measured up to now."""
        now = time_ns()
        with self._lock:
            made = [(scope, list(instruments.values())) for scope, instruments in self._made.items()]
        if self.switch.off:
            return []
        collected = [
            ScopeMetrics(
                scope,
                [metric for instrument in instruments if (metric := instrument.collect(now))],
                scope.schema_url or "",
            )
            for scope, instruments in made
        ]
        return [scope for scope in collected if scope.metrics]


class JoiningExporter(MetricExporter):
    """Adds the registry's metrics to those the SDK has collected, and gives both to `exporter`."""

    def __init__(self, exporter: MetricExporter, registry: Registry, exponential: bool) -> None:
        buckets: dict[type, Aggregation] = {}
        if exponential:
            buckets[sdk.Histogram] = ExponentialBucketHistogramAggregation()
        super().__init__(preferred_aggregation=buckets)
        self._exporter = exporter
        self._registry = registry

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        joined = [
            ResourceMetrics(
                part.resource, [*part.scope_metrics, *self._registry.collect()], schema_url=part.schema_url
            )
            for part in metrics_data.resource_metrics
        ]
        return self._exporter.export(MetricsData(joined), timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._exporter.shutdown(timeout_millis, **kwargs)


class MeterProvider(sdk.MeterProvider):
    """Takes what opentelemetry.sdk.metrics.MeterProvider takes, and `exporters`: the fast path.

    Each exporter gets cumulative metrics every OTEL_METRIC_EXPORT_INTERVAL. With `metric_readers`, `views` or
    an `exemplar_filter` the fast path is off.
    """

    def __init__(
        self,
        metric_readers: Sequence[MetricReader] = (),
        resource: Resource | None = None,
        exemplar_filter: sdk.ExemplarFilter | None = None,
        shutdown_on_exit: bool = True,
        views: Sequence[View] = (),
        *,
        exporters: Sequence[MetricExporter] = (),
        exponential: bool = False,
    ) -> None:
        """`exponential`: the buckets of histograms."""
        rule = environ.get(OTEL_METRICS_EXEMPLAR_FILTER, "trace_based")
        switch = Switch(rule, off=bool(metric_readers or views or exemplar_filter or not exporters))
        self._fast_registry = Registry(switch)
        self._fast_meters: dict[metrics.Meter, Meter] = {}
        self._fast_exponential = exponential
        joined = [
            PeriodicExportingMetricReader(JoiningExporter(exporter, self._fast_registry, exponential))
            for exporter in exporters
        ]
        super().__init__(
            [*metric_readers, *joined],
            identify(resource),
            exemplar_filter,
            shutdown_on_exit,
            views,
        )
        if exporters:
            super().get_meter("fastotel").create_observable_up_down_counter(
                "fastotel.series",
                [self._fast_registry.count_series],
                "{series}",
                "Attribute sets held by counters and histograms",
            )

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> metrics.Meter:
        meter = super().get_meter(name, version, schema_url, attributes)
        if self._fast_registry.switch.off or not isinstance(meter, sdk.Meter):
            return meter
        scope = InstrumentationScope(name, version, schema_url, attributes)
        fast = Meter(meter, scope, self._fast_registry, self._fast_exponential)
        return self._fast_meters.setdefault(meter, fast)

    def add_metric_reader(self, metric_reader: MetricReader) -> None:
        """Add a reader; from now on all measurements go to the SDK's instruments, and sums start anew."""
        self._fast_registry.switch.off = True
        super().add_metric_reader(metric_reader)


class Meter(metrics.Meter):
    """Makes counters and histograms of its own; the SDK's meter names, checks and makes all others."""

    def __init__(
        self, meter: metrics.Meter, scope: InstrumentationScope, registry: Registry, exponential: bool
    ) -> None:
        super().__init__(scope.name, scope.version, scope.schema_url)
        self._meter = meter
        self._scope = scope
        self._registry = registry
        self._exponential = exponential

    def create_counter(self, name: str, unit: str = "", description: str = "") -> metrics.Counter:
        made: Any = self._meter.create_counter(name, unit, description)
        cheap: metrics.Counter = self._keep(made, Counter(made, self._registry.switch))
        return cheap

    def create_up_down_counter(
        self, name: str, unit: str = "", description: str = ""
    ) -> metrics.UpDownCounter:
        made: Any = self._meter.create_up_down_counter(name, unit, description)
        cheap: metrics.UpDownCounter = self._keep(made, UpDownCounter(made, self._registry.switch))
        return cheap

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> metrics.Histogram:
        boundaries = explicit_bucket_boundaries_advisory
        made: Any = self._meter.create_histogram(
            name, unit, description, explicit_bucket_boundaries_advisory=boundaries
        )
        switch, usable = self._registry.switch, _checked(boundaries)
        cheap: metrics.Histogram = self._keep(
            made, Histogram(made, switch, exponential=self._exponential, boundaries=usable)
        )
        return cheap

    def _keep(self, made: Any, cheap: Recorded) -> Any:
        return self._registry.keep(self._scope, made, cheap)

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Any:
        return self._meter.create_gauge(name, unit, description)

    def create_observable_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableCounter:
        return self._meter.create_observable_counter(name, callbacks, unit, description)

    def create_observable_gauge(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableGauge:
        return self._meter.create_observable_gauge(name, callbacks, unit, description)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableUpDownCounter:
        return self._meter.create_observable_up_down_counter(name, callbacks, unit, description)


def _checked(boundaries: Sequence[float] | None) -> Sequence[float] | None:
    """Return the boundaries the SDK would use; None stands for its default ones."""
    if not isinstance(boundaries, Sequence):
        return None
    return boundaries if all(isinstance(boundary, float | int) for boundary in boundaries) else None
