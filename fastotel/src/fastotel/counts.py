"""Metrics about spans themselves, by the names of OpenTelemetry's conventions.

What the exporter counts is always there: reading it costs no span anything. Spans started and alive are
counted where OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED asks for it, as in the SDK.

https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from os import environ
from typing import Protocol

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext

from fastotel.identity import NAME

_numbers = count()
Callback = Callable[[CallbackOptions], Iterable[Observation]]


class Counted(Protocol):
    """What is counted of a processor."""

    processed: Counter[str]
    exported: Counter[str]
    queue_size: int

    def __len__(self) -> int:
        """Spans that wait."""


def publish(processor: Counted, provider: metrics.MeterProvider) -> None:
    """Report the processor's counts as long as it lives."""
    meter = provider.get_meter(NAME)
    number = next(_numbers)
    batching = _component("batching_span_processor", number)
    sending = _component("otlp_http_span_exporter", number)
    living = weakref.ref(processor)

    def observe(read: Callable[[Counted], list[Observation]]) -> list[Callback]:
        return [lambda _: read(found) if (found := living()) is not None else []]

    meter.create_observable_counter(
        "otel.sdk.processor.span.processed",
        observe(lambda found: _by_error(found.processed, batching)),
        "{span}",
        "Spans whose processing has finished, in success or failure",
    )
    meter.create_observable_counter(
        "otel.sdk.exporter.span.exported",
        observe(lambda found: _by_error(found.exported, sending)),
        "{span}",
        "Spans whose export has finished, in success or failure",
    )
    meter.create_observable_up_down_counter(
        "otel.sdk.processor.span.queue.size",
        observe(lambda found: [Observation(len(found), batching)]),
        "{span}",
        "Spans that wait in the processor's queue",
    )
    meter.create_observable_up_down_counter(
        "otel.sdk.processor.span.queue.capacity",
        observe(lambda found: [Observation(found.queue_size, batching)]),
        "{span}",
        "Spans that the processor's queue can hold",
    )


def _component(kind: str, number: int) -> dict[str, str]:
    return {"otel.component.type": kind, "otel.component.name": f"{kind}/fast-{number}"}


def _by_error(counts: Counter[str], component: dict[str, str]) -> list[Observation]:
    return [
        Observation(number, component | ({"error.type": error} if error else {}))
        for error, number in counts.copy().items()
    ]


class Census:
    """Counts spans as they start and end."""

    def __init__(self, meter: metrics.Meter) -> None:
        self._started = meter.create_counter("otel.sdk.span.started", "{span}", "Spans that were created")
        self._live = meter.create_up_down_counter(
            "otel.sdk.span.live", "{span}", "Recording spans that have not ended"
        )

    @classmethod
    def of(cls, provider: metrics.MeterProvider | None) -> "Census | None":
        """Return a census, if the environment asks for one."""
        if environ.get(OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED, "").strip().lower() != "true":
            return None
        return cls((provider or metrics.get_meter_provider()).get_meter(NAME))

    def start(self, parent: SpanContext | None, decision: Decision) -> None:
        """Count a span that the sampler has decided on."""
        origin = "none" if parent is None else "remote" if parent.is_remote else "local"
        result = {"otel.span.sampling_result": decision.name}
        self._started.add(1, result | {"otel.span.parent.origin": origin})
        if decision is not Decision.DROP:
            self._live.add(1, result)

    def end(self, span: ReadableSpan) -> None:
        """Count off a recording span."""
        sampled = span.context is not None and span.context.trace_flags.sampled
        decision = Decision.RECORD_AND_SAMPLE if sampled else Decision.RECORD_ONLY
        self._live.add(-1, {"otel.span.sampling_result": decision.name})
