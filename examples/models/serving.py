"""What both services say to FastAPI."""

from fastapi.telemetry import TelemetryConfig

NATIVE_TELEMETRY_OFF = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False)
"""FastAPI ≥ 0.142 makes spans of its own, beside those of opentelemetry-instrumentation-fastapi."""
