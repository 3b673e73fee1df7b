"""The app under measurement, once per way of instrumenting it. `uvicorn --factory bench.overhead.variants:create_app`."""

import os
from enum import StrEnum

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.instrumentation import NATIVE_TELEMETRY_OFF, ServerTelemetry, start_telemetry


class Variant(StrEnum):
    """Ways to instrument the same app; all export every trace to the same collector."""

    OFF = "off"
    OURS = "ours"
    NATIVE = "FastAPI native"
    INSTRUMENTOR = "opentelemetry-instrumentation-fastapi"


def create_app() -> ASGIApp:
    """Build the do-nothing app of the variant named in OVERHEAD_VARIANT."""
    variant = Variant(os.environ["OVERHEAD_VARIANT"])
    app = FastAPI() if variant is Variant.NATIVE else FastAPI(telemetry=NATIVE_TELEMETRY_OFF)

    @app.get("/nothing/{key}")
    async def do_nothing(key: int) -> dict[str, int]:
        return {"key": key}

    if variant is Variant.OURS:
        return ServerTelemetry(app, start_telemetry("overhead", version="0"))
    if variant is not Variant.OFF:
        start_stock_sdk()
    if variant is Variant.INSTRUMENTOR:
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(app)
    return app


def start_stock_sdk() -> None:
    """Set the global providers up as OpenTelemetry's documentation does, with every default left alone."""
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
