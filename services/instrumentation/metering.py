"""The meter provider, and the reader that sees the SDK's instruments and our own as one."""

from time import time_ns
from typing import Any

from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    MetricReader,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from services.instrumentation.instruments import Instruments
from services.instrumentation.resource import Identity


def make_reader() -> InMemoryMetricReader:
    """Return a reader that collects when asked, the SDK's histograms in exponential buckets."""
    return InMemoryMetricReader(preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()})


def start_meters(
    reader: MetricReader, instruments: Instruments, scope: str, identity: Identity
) -> MeterProvider:
    """Return the SDK's meter provider; `reader` collects its instruments and ours, under `identity`."""
    provider = MeterProvider([reader], resource=identity.resource, shutdown_on_exit=False)
    collect_sdk: Any = reader._collect
    own = InstrumentationScope(scope)

    def collect(asking: MetricReader, timeout_millis: float = 10_000) -> MetricsData:
        sdk = collect_sdk(asking, timeout_millis=timeout_millis)
        scopes = (
            [scope for resource in sdk.resource_metrics for scope in resource.scope_metrics] if sdk else []
        )
        scopes.append(ScopeMetrics(own, instruments.collect(time_ns()), schema_url=""))
        return MetricsData([ResourceMetrics(identity.resource, scopes, schema_url="")])

    reader._set_collect_callback(collect)
    return provider
