"""Telemetry of every service: start it, describe it, put the middleware around the app."""

from services.instrumentation.server import NATIVE_TELEMETRY_OFF, ServerTelemetry
from services.instrumentation.setup import Telemetry, start_telemetry

__all__ = [
    "NATIVE_TELEMETRY_OFF",
    "ServerTelemetry",
    "Telemetry",
    "start_telemetry",
]
