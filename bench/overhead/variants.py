"""The apps under measurement, each with every way of instrumenting it; uvicorn calls `create_app`.

OVERHEAD_APP and OVERHEAD_VARIANT choose. The recommender keeps its own spans and metrics in every variant but
`off`.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.types import ASGIApp

from services.configuration import load_settings
from services.demo.flags import FlagSettings
from services.demo.flags.file import FlagFile
from services.demo.recommender import app as recommender
from services.demo.recommender.connection import connect
from services.demo.recommender.serving import spare_what_stays
from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.settings import StorageSettings
from services.instrumentation import (
    NATIVE_TELEMETRY_OFF,
    ServerTelemetry,
    Telemetry,
    start_telemetry,
)
from services.instrumentation.resource import ProcessResources


class App(StrEnum):
    """What answers the requests."""

    NOTHING = "nothing"
    RECOMMENDATIONS = "recommendations"


class Variant(StrEnum):
    """Ways to instrument the same app; all but `off` export all traces and metrics to one collector."""

    OFF = "off"
    OURS = "SDK + our middleware"
    FAST_EXPORT = "the same, fastotel's exporter"
    FAST = "fastotel + our middleware"
    NATIVE = "FastAPI native"
    NATIVE_BARE = "native, no operation spans"
    INSTRUMENTOR = "opentelemetry-instrumentation-fastapi"
    INSTRUMENTOR_BARE = "the same, exclude_spans"
    ZERO_CODE = "opentelemetry-instrument"

    @property
    def launcher(self) -> tuple[str, ...]:
        """What starts the server's interpreter."""
        beside = Path(sys.executable).with_name("opentelemetry-instrument")
        return (str(beside), sys.executable) if self is Variant.ZERO_CODE else (sys.executable,)


OUR_MIDDLEWARE = (Variant.OURS, Variant.FAST_EXPORT, Variant.FAST)

FAST_CHOICES: dict[Variant, dict[str, str]] = {
    Variant.FAST: {"OTEL_PYTHON_TRACER_PROVIDER": "fast", "OTEL_PYTHON_METER_PROVIDER": "fast"},
    Variant.FAST_EXPORT: {"OTEL_TRACES_EXPORTER": "fast"},
}
"""What chooses parts of the package fastotel."""

NATIVE_TELEMETRY: dict[Variant, TelemetryConfig | None] = {
    Variant.NATIVE: None,
    Variant.NATIVE_BARE: {"operation_spans": False},
    Variant.ZERO_CODE: None,
}
"""FastAPI's own telemetry, where it is not off; nobody who uses `opentelemetry-instrument` turns it off."""


def create_app() -> ASGIApp:
    """Build the app that OVERHEAD_APP and OVERHEAD_VARIANT name."""
    variant = Variant(os.environ["OVERHEAD_VARIANT"])
    telemetry = _start_telemetry(variant)
    native = NATIVE_TELEMETRY.get(variant, NATIVE_TELEMETRY_OFF)
    with patch("services.demo.recommender.app.NATIVE_TELEMETRY_OFF", native):
        app = _APPS[App(os.environ["OVERHEAD_APP"])](telemetry, native)
    if variant is Variant.INSTRUMENTOR:
        FastAPIInstrumentor.instrument_app(app)
    if variant is Variant.INSTRUMENTOR_BARE:
        FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
    return ServerTelemetry(app, telemetry) if variant in OUR_MIDDLEWARE else app


def _create_nothing(_: Telemetry, native: TelemetryConfig | None) -> FastAPI:
    app = FastAPI(telemetry=native)

    @app.get("/nothing/{key}")
    async def do_nothing(key: int) -> dict[str, int]:
        return {"key": key}

    return app


def _create_recommender(telemetry: Telemetry, _: TelemetryConfig | None) -> FastAPI:
    settings = load_settings(RecommenderSettings)
    connection = connect(load_settings(StorageSettings), settings)
    app = recommender.create_app(settings, connection, FlagFile(load_settings(FlagSettings).file), telemetry)
    spare_what_stays()
    return app


def _start_telemetry(variant: Variant) -> Telemetry:
    if variant in (Variant.OURS, Variant.FAST_EXPORT):
        return start_telemetry("overhead", version="0")
    if variant is Variant.OFF:
        os.environ["OTEL_SDK_DISABLED"] = "true"
    elif variant not in (Variant.ZERO_CODE, Variant.FAST):
        _set_up_sdk()
    tracers: Any = trace.get_tracer_provider()
    meters: Any = metrics.get_meter_provider()
    return Telemetry("overhead", "0", tracers, meters, ProcessResources("overhead", "0"))


def _set_up_sdk() -> None:
    """Set the SDK up as OpenTelemetry's documentation does."""
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)


_APPS = {App.NOTHING: _create_nothing, App.RECOMMENDATIONS: _create_recommender}
