"""What the four services have in common. Telemetry is none of it: `opentelemetry-instrument` brings that."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from examples.shop.services.defects import DefectsFolder

NATIVE_TELEMETRY_OFF = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False)
"""FastAPI ≥ 0.142 makes spans of its own, beside those of opentelemetry-instrumentation-fastapi."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def read_defects(service: str) -> DefectsFolder:
    """The defects of this process's service and version."""
    folder = Path(os.environ["SHOP_STATE"]) / "defects"
    return DefectsFolder(folder, service, os.environ.get("SHOP_VERSION", "1.0.0"))


def make_app(title: str, defects: DefectsFolder, lifespan: Lifespan | None = None) -> FastAPI:
    """An application with `/healthz` and the defects on every route."""
    app = FastAPI(
        title=title,
        lifespan=lifespan,
        dependencies=[Depends(defects.suffer)],
        telemetry=NATIVE_TELEMETRY_OFF,
    )

    @app.get("/healthz")
    async def tell_health() -> dict[str, str]:
        return {"version": defects.version}

    return app
