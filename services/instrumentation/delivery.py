"""Counts what was delivered and what was lost, under the name that OpenTelemetry's conventions give it.

The SDK's own count takes what the collector refused with an HTTP status for delivered.
"""

from collections.abc import Sequence

from opentelemetry.metrics import Meter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from telemetry import attributes as a


class CountedSpanExporter(SpanExporter):
    """Exports by `exporter`, and counts as `otel.sdk.exporter.span.exported`; lost spans have an error."""

    def __init__(self, exporter: SpanExporter, meter: Meter) -> None:
        self._exporter = exporter
        self._exported = meter.create_counter(
            "otel.sdk.exporter.span.exported", "{span}", "Spans exported or, with an error.type, lost."
        )
        self.shutdown = exporter.shutdown  # type: ignore[method-assign]
        self.force_flush = exporter.force_flush  # type: ignore[method-assign]

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        self._exported.add(
            len(spans), {} if result is SpanExportResult.SUCCESS else {a.ERROR_TYPE: "not_delivered"}
        )
        return result
