"""Start telemetry once per process; everything else is given what it needs."""

import atexit
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.util.re import parse_env_headers

from services.configuration import load_settings
from services.instrumentation.exporter import Exporter
from services.instrumentation.instruments import Instruments, create
from services.instrumentation.losses import observe_losses
from services.instrumentation.metering import make_reader, start_meters
from services.instrumentation.queue import SpanQueue
from services.instrumentation.readable import ImmediateSink
from services.instrumentation.resource import Identity
from services.instrumentation.sender import Sender
from services.instrumentation.settings import TelemetrySettings
from services.instrumentation.spans import Sink
from services.instrumentation.system import observe_system
from services.instrumentation.tracing import TracerProvider
from telemetry.instruments import Instrument

SEND_TIMEOUT = 3.0
SHUTDOWN_TIMEOUT = 5.0


class Telemetry:
    """A process's tracer and instruments, and the two things that change them: `describe` and `shutdown`."""

    def __init__(
        self,
        tracer: trace.Tracer,
        instrument: Callable[[Instrument], Any],
        identity: Identity,
        stop: Callable[[], None],
    ) -> None:
        self.tracer = tracer
        self._instrument = instrument
        self._identity = identity
        self._stop = stop

    def instrument(self, entry: Instrument) -> Any:
        """Return the OpenTelemetry Counter, UpDownCounter, Histogram or Gauge of a registry entry.

        A gauge goes on reporting its last value: set 0 for attributes that no longer hold.
        """
        return self._instrument(entry)

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Add or change resource attributes of all spans and metrics exported from now on."""
        self._identity.describe(attributes)

    def shutdown(self) -> None:
        """Send what is queued, for 5 s at most, and stop exporting."""
        self._stop()


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

    OTLP goes over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_TRACES_SAMPLER is honoured (default: all).
    `host_metrics` adds the machine's own metrics: switch it on in one service per machine.
    Tests pass an in-memory `span_exporter` and `metric_reader`; nothing leaves the process then.
    A bad OTEL_* variable ends the process with status 1 and one line that names it.
    """
    settings = settings or load_settings(TelemetrySettings)
    identity = Identity.of_process(service, version, settings.environment)
    scope = f"whence.{service}"
    if settings.disabled:
        idle = partial(create, metrics.NoOpMeter(scope))
        return Telemetry(trace.NoOpTracer(), idle, identity, lambda: None)
    instruments = Instruments()
    reader = make_reader()
    meters = start_meters(metric_reader or reader, instruments, scope, identity)
    if span_exporter is not None or metric_reader is not None:
        sink: Sink = ImmediateSink(span_exporter, identity)
        stop: Callable[[], None] = meters.shutdown
    else:
        sink, stop = _start_export(settings, identity, reader, meters, host_metrics)
    sampler = SdkTracerProvider(shutdown_on_exit=False).sampler
    tracers = TracerProvider(sampler, SpanLimits(max_attribute_length=settings.attribute_length), sink)
    if span_exporter is None and metric_reader is None:
        trace.set_tracer_provider(tracers)
    return Telemetry(tracers.get_tracer(scope, version), instruments.get, identity, stop)


def _start_export(
    settings: TelemetrySettings,
    identity: Identity,
    reader: InMemoryMetricReader,
    meters: MeterProvider,
    host_metrics: bool,
) -> tuple[Sink, Callable[[], None]]:
    headers = parse_env_headers(os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", ""), liberal=True)
    sender = Sender(settings.endpoint, headers, SEND_TIMEOUT)
    exporter = Exporter(settings, identity, SpanQueue(settings.span_queue), reader.get_metrics_data, sender)
    observe_losses(meters.get_meter("services.instrumentation"), exporter)
    observe_system(meters, host=host_metrics)
    metrics.set_meter_provider(meters)

    def stop() -> None:
        atexit.unregister(stop)
        exporter.stop(SHUTDOWN_TIMEOUT)

    atexit.register(stop)
    return exporter.queue, stop
