"""Start telemetry once per process; everything else is given what it needs."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter

from services.instrumentation.resource import describe_process
from services.instrumentation.settings import TelemetrySettings
from services.instrumentation.system import observe_system
from telemetry.instruments import Instrument, Kind


class Telemetry:
    """A process's tracer and instruments, and the two things that change them: `describe` and `shutdown`."""

    def __init__(self, service: str, tracers: trace.TracerProvider, meters: metrics.MeterProvider) -> None:
        self._tracers = tracers
        self._meters = meters
        self.tracer = tracers.get_tracer(f"whence.{service}")
        self._create = creators(meters.get_meter(f"whence.{service}"))
        self._instruments: dict[str, Any] = {}

    def instrument(self, instrument: Instrument) -> Any:
        """Return the OpenTelemetry instrument of a registry entry, created at the first call."""
        found = self._instruments.get(instrument.name)
        if found is None:
            found = self._create[instrument.kind](instrument.name, instrument.unit, instrument.description)
            self._instruments[instrument.name] = found
        return found

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Add or change resource attributes of all telemetry exported from now on."""
        for provider in (self._tracers, self._meters):
            if isinstance(provider, TracerProvider | MeterProvider):
                provider._update_resource(Resource(dict(attributes)))

    def shutdown(self) -> None:
        """Send what is queued."""
        for provider in (self._tracers, self._meters):
            if isinstance(provider, TracerProvider | MeterProvider):
                provider.shutdown()


def creators(meter: Meter) -> dict[Kind, Callable[[str, str, str], Any]]:
    return {
        Kind.COUNTER: meter.create_counter,
        Kind.UP_DOWN_COUNTER: meter.create_up_down_counter,
        Kind.HISTOGRAM: meter.create_histogram,
        Kind.GAUGE: meter.create_gauge,
    }


def start_telemetry(
    service: str,
    *,
    version: str = "0.1.0",
    settings: TelemetrySettings | None = None,
    span_exporter: SpanExporter | None = None,
    metric_reader: MetricReader | None = None,
    host_metrics: bool = False,
) -> Telemetry:
    """Set up tracing and metrics for this process and return the handle to them.

    Tests pass an in-memory `span_exporter` and `metric_reader`; otherwise OTLP goes to OTEL_EXPORTER_OTLP_ENDPOINT.
    `host_metrics` adds the machine's own metrics: switch it on in one service per machine.
    """
    settings = settings or TelemetrySettings()
    if settings.disabled:
        return Telemetry(service, trace.NoOpTracerProvider(), metrics.NoOpMeterProvider())
    resource = describe_process(service, version, settings.environment)
    exponential = {Histogram: ExponentialBucketHistogramAggregation()}
    reader = metric_reader or PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=settings.endpoint, preferred_aggregation=exponential),
        export_interval_millis=settings.metric_interval,
    )
    meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False, meter_provider=meters)
    tracers.add_span_processor(
        SimpleSpanProcessor(span_exporter)
        if span_exporter
        else BatchSpanProcessor(
            OTLPSpanExporter(endpoint=settings.endpoint),
            max_queue_size=settings.span_queue,
            schedule_delay_millis=settings.span_interval,
            max_export_batch_size=settings.span_batch,
            meter_provider=meters,
        )
    )
    if metric_reader is None:
        observe_system(meters, host=host_metrics)
    return Telemetry(service, tracers, meters)
