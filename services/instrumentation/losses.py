"""What telemetry says about itself, under the names OpenTelemetry's conventions give an SDK's own metrics."""

from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.semconv._incubating.metrics import otel_metrics as names

from services.instrumentation.exporter import METRICS, SPANS, Exporter

Observe = Callable[[CallbackOptions], Iterable[Observation]]


def observe_losses(meter: Meter, exporter: Exporter) -> None:
    """Register queue size and capacity, spans processed and dropped, spans and points exported and lost.

    What is lost carries an `error.type`: queue_full, rejected, an HTTP status or a connection error's name.
    """
    processor = _component("batching_span_processor")
    queue = exporter.queue

    def observe_processed(_: CallbackOptions) -> Iterable[Observation]:
        handled = sum(count for (path, _), count in exporter.outcomes.copy().items() if path == SPANS)
        yield Observation(handled, processor)
        yield Observation(queue.dropped, {**processor, "error.type": "queue_full"})

    meter.create_observable_counter(
        names.OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
        [observe_processed],
        "{span}",
        "Spans handed to the exporter or, with an error.type, dropped.",
    )
    meter.create_observable_up_down_counter(
        names.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
        [lambda _: [Observation(len(queue), processor)]],
        "{span}",
        "Spans waiting for export.",
    )
    meter.create_observable_up_down_counter(
        names.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
        [lambda _: [Observation(queue.capacity, processor)]],
        "{span}",
        "Spans that can wait for export.",
    )
    meter.create_observable_counter(
        names.OTEL_SDK_EXPORTER_SPAN_EXPORTED,
        [_outcomes(exporter, SPANS, "otlp_http_span_exporter")],
        "{span}",
        "Spans exported or, with an error.type, lost.",
    )
    meter.create_observable_counter(
        names.OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED,
        [_outcomes(exporter, METRICS, "otlp_http_metric_exporter")],
        "{data_point}",
        "Metric data points exported or, with an error.type, lost.",
    )


def _component(kind: str) -> dict[str, str]:
    return {"otel.component.type": kind, "otel.component.name": f"{kind}/0"}


def _outcomes(exporter: Exporter, path: str, kind: str) -> Observe:
    component = _component(kind)

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        for (target, error), count in exporter.outcomes.copy().items():
            if target == path:
                yield Observation(count, {**component, "error.type": error} if error else component)

    return observe
