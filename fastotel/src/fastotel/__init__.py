"""OpenTelemetry's tracer and meter providers with a cheap hot path."""

from fastotel.export import OtlpSpanProcessor
from fastotel.exporter import OtlpSpanExporter
from fastotel.metering import MeterProvider
from fastotel.tracing import TracerProvider

__all__ = ["MeterProvider", "OtlpSpanExporter", "OtlpSpanProcessor", "TracerProvider"]
