"""The apps under measurement, each with every way of instrumenting it; uvicorn calls `create_app`.

OVERHEAD_APP and OVERHEAD_VARIANT choose. The recommender keeps its own spans and metrics in every variant but
`off`; in the stock variants OpenTelemetry's SDK makes them.
"""

import os
from enum import StrEnum
from functools import lru_cache, partial
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.types import ASGIApp

from services.configuration import load_settings
from services.flags import FlagSettings
from services.flags.file import FlagFile
from services.instrumentation import (
    NATIVE_TELEMETRY_OFF,
    ServerTelemetry,
    Telemetry,
    TelemetrySettings,
    start_telemetry,
)
from services.instrumentation.instruments import create
from services.instrumentation.resource import Identity
from services.recommender import app as recommender
from services.recommender.connection import connect
from services.recommender.settings import RecommenderSettings
from services.storage.settings import StorageSettings


class App(StrEnum):
    """What answers the requests."""

    NOTHING = "nothing"
    RECOMMENDATIONS = "recommendations"


class Variant(StrEnum):
    """Ways to instrument the same app; all but `off` export every trace to the same collector."""

    OFF = "off"
    OURS = "ours"
    NATIVE = "FastAPI native"
    INSTRUMENTOR = "opentelemetry-instrumentation-fastapi"


def create_app() -> ASGIApp:
    """Build the app that OVERHEAD_APP and OVERHEAD_VARIANT name."""
    variant = Variant(os.environ["OVERHEAD_VARIANT"])
    telemetry = _TELEMETRY[variant]()
    native = None if variant is Variant.NATIVE else NATIVE_TELEMETRY_OFF
    with patch("services.recommender.app.NATIVE_TELEMETRY_OFF", native):
        app = _APPS[App(os.environ["OVERHEAD_APP"])](telemetry, native)
    if variant is Variant.INSTRUMENTOR:
        FastAPIInstrumentor.instrument_app(app)
    return ServerTelemetry(app, telemetry) if variant is Variant.OURS else app


def _create_nothing(_: Telemetry, native: TelemetryConfig | None) -> FastAPI:
    app = FastAPI(telemetry=native)

    @app.get("/nothing/{key}")
    async def do_nothing(key: int) -> dict[str, int]:
        return {"key": key}

    return app


def _create_recommender(telemetry: Telemetry, _: TelemetryConfig | None) -> FastAPI:
    settings = load_settings(RecommenderSettings)
    connection = connect(load_settings(StorageSettings), settings)
    return recommender.create_app(settings, connection, FlagFile(load_settings(FlagSettings).file), telemetry)


def _start_ours() -> Telemetry:
    return start_telemetry("overhead", version="0")


def _start_nothing() -> Telemetry:
    return start_telemetry("overhead", version="0", settings=TelemetrySettings(disabled=True))


def _start_stock() -> Telemetry:
    """Set the SDK up as OpenTelemetry's documentation does, with every default left alone."""
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
    meter = metrics.get_meter("overhead")
    identity = Identity.of_process("overhead", "0", "bench")
    return Telemetry(
        tracers.get_tracer("overhead"), lru_cache(partial(create, meter)), identity, lambda: None
    )


_TELEMETRY = {
    Variant.OFF: _start_nothing,
    Variant.OURS: _start_ours,
    Variant.NATIVE: _start_stock,
    Variant.INSTRUMENTOR: _start_stock,
}
_APPS = {App.NOTHING: _create_nothing, App.RECOMMENDATIONS: _create_recommender}
