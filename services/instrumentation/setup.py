"""Start the OpenTelemetry SDK once per process; everything else is given what it needs."""

from collections.abc import Iterable
from threading import Thread
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackT, NoOpMeterProvider
from opentelemetry.sdk.metrics import Counter, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter

from services.instrumentation.delivery import CountedSpanExporter
from services.instrumentation.exporters import load_id_generator, make_exporters, set_defaults
from services.instrumentation.resource import ProcessResources
from services.instrumentation.system import observe_system
from telemetry.instruments import Instrument

SHUTDOWN_TIMEOUT = 5.0
MOST_SERIES = 8_000
"""Series of a counter: an experiment has up to 1,152 for each version that its process has ever served.

The SDK (1.45) never forgets one: what an observable counter does not report any more is no longer sent, but
counts for the limit all the same. Only delta temporality frees it, which Prometheus does not take.
"""
Processors = Iterable[SpanProcessor]


class Telemetry:
    """A process's tracer and instruments, on the SDK's providers, which take more processors and readers."""

    def __init__(
        self,
        scope: str,
        version: str,
        tracers: TracerProvider,
        meters: MeterProvider,
        resources: ProcessResources,
    ) -> None:
        self.tracer_provider = tracers
        self.meter_provider = meters
        self.tracer = tracers.get_tracer(scope, version)
        self.describe = resources.describe
        self._meter = meters.get_meter(scope, version)
        self._instruments: dict[Instrument, Any] = {}

    def instrument(self, entry: Instrument) -> Any:
        """The OpenTelemetry Counter, UpDownCounter, Histogram or Gauge of a registry entry."""
        if entry not in self._instruments:
            create = getattr(self._meter, f"create_{entry.kind}")
            self._instruments[entry] = create(entry.name, entry.unit, entry.description)
        return self._instruments[entry]

    def observe(self, entry: Instrument, callback: CallbackT) -> None:
        """Export of a registry's gauge or counter what `callback` returns at each export."""
        create = getattr(self._meter, f"create_observable_{entry.kind}")
        create(entry.name, [callback], entry.unit, entry.description)

    def shutdown(self) -> None:
        """Send what is queued, for 5 s at most, and stop exporting."""
        stopping = Thread(target=self._stop, daemon=True)
        stopping.start()
        stopping.join(SHUTDOWN_TIMEOUT)

    def _stop(self) -> None:
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()


def start_telemetry(
    service: str,
    *,
    version: str = "0.1.0",
    span_exporter: SpanExporter | None = None,
    metric_reader: MetricReader | None = None,
    host_metrics: bool = False,
    instance: str = "",
) -> Telemetry:
    """Start the SDK's tracing and metrics for this process and return the handle to them.

    OTEL_* variables act as the SDK documents them, and OTEL_SERVICE_NAME overrules `service`.
    `host_metrics` adds the machine's own metrics: switch it on in one service per machine.
    `instance` tells processes of one service on one host apart.
    Tests pass an in-memory `span_exporter` and `metric_reader`; nothing leaves the process then.
    A bad OTEL_* variable ends the process with status 1 and one line that names it.
    """
    set_defaults()
    resources = ProcessResources(service, version, instance)
    try:
        if span_exporter is None and metric_reader is None:
            telemetry = _start_export(service, version, resources)
            observe_system(telemetry.meter_provider, host=host_metrics)
            return telemetry
        meters = MeterProvider([metric_reader] if metric_reader else [], resources.metrics)
        processors = [SimpleSpanProcessor(span_exporter, meter_provider=meters)] if span_exporter else []
        return _make_telemetry(service, version, resources, meters, processors)
    except ValueError as mistake:
        raise SystemExit(f"configuration error: {mistake}") from None


def _start_export(service: str, version: str, resources: ProcessResources) -> Telemetry:
    meters = MeterProvider([_make_reader(each) for each in make_exporters("metrics")], resources.metrics)
    metrics.set_meter_provider(meters)
    meter = meters.get_meter(__name__)
    traces = make_exporters("traces", NoOpMeterProvider())
    exporters = [CountedSpanExporter(each, meter) for each in traces]
    processors = [BatchSpanProcessor(each, meter_provider=meters) for each in exporters]
    telemetry = _make_telemetry(service, version, resources, meters, processors)
    trace.set_tracer_provider(telemetry.tracer_provider)
    return telemetry


def _make_reader(exporter: Any) -> MetricReader:
    """A reader that exports at intervals; some exporters, such as Prometheus', are readers themselves."""
    if isinstance(exporter, MetricReader):
        return exporter
    return PeriodicExportingMetricReader(
        exporter, cardinality_limits={Counter: MOST_SERIES, ObservableCounter: MOST_SERIES}
    )


def _make_telemetry(
    service: str, version: str, resources: ProcessResources, meters: MeterProvider, processors: Processors
) -> Telemetry:
    # Without meters: it would count each span twice as it starts and ends, at a third of the span's own cost.
    tracers = TracerProvider(
        resource=resources.spans, id_generator=load_id_generator(), meter_provider=NoOpMeterProvider()
    )
    for processor in processors:
        tracers.add_span_processor(processor)
    return Telemetry(f"whence.{service}", version, tracers, meters, resources)
