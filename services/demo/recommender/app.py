"""The recommender as a FastAPI application."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from services.demo.flags.file import FlagFile
from services.demo.recommender.connection import Connection
from services.demo.recommender.feature_store import FeatureStore
from services.demo.recommender.feedback import Feedback
from services.demo.recommender.history import HistoryWriter
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.memory_store import MemoryStore
from services.demo.recommender.messages import (
    FeedbackEvent,
    FeedbackTaken,
    Problem,
    Readiness,
    Recommendations,
)
from services.demo.recommender.model import ModelUnavailable
from services.demo.recommender.object_reader import ObjectReader
from services.demo.recommender.recommender import Recommender
from services.demo.recommender.settings import MOST_ITEMS, RecommenderSettings
from services.demo.recommender.shadow.recording import ShadowRecorder
from services.demo.recommender.shadow.shadow import Shadow, ShadowSource
from services.demo.recommender.shared.worker import Worker
from services.demo.recommender.shown import ItemNotShown, UnknownRequest
from services.demo.recommender.versions import Versions
from services.demo.recommender.watch import Watch
from services.instrumentation import NATIVE_TELEMETRY_OFF, Telemetry

MAX_BODY = 16 * 1024
MODEL_PATIENCE = 10.0
"""Seconds that a worker waits for its first model; then it says that it has none."""
UserId = Annotated[int, Path(gt=0, lt=2**63)]
K = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Responses = dict[int | str, dict[str, Any]]

log = structlog.get_logger()


def create_app(
    settings: RecommenderSettings,
    connection: Connection,
    flags: FlagFile,
    telemetry: Telemetry,
    worker: Worker | None = None,
    shadow_source: ShadowSource | None = None,
) -> FastAPI:
    """Put the recommender together; its background work runs in the application's lifespan.

    Without `worker` it is alone. A worker takes no requests before it has a model: others do. Without
    `shadow_source` no version answers in the shadow.
    """
    recorder = Recorder(telemetry, connection)
    recorder.describe_limit(settings.storage_concurrency)
    watch = Watch(telemetry.meter_provider, settings.attribution_window)
    versions = Versions(connection, flags, settings, recorder, watch)
    store = worker.open_store(recorder) if worker else MemoryStore(settings)
    name = worker.name if worker else "0"
    history = HistoryWriter(connection, f"{settings.replica}-{name}" if settings.replica else name)
    feedback = Feedback(settings, recorder, store, watch, history.add)
    reader = ObjectReader(
        connection,
        concurrency=settings.storage_concurrency,
        hard_limit=settings.storage_hard_limit,
    )
    recorder.observe_active(lambda: reader.active)
    shadow = (
        Shadow(shadow_source, connection, settings, ShadowRecorder(telemetry), lambda: reader.active)
        if shadow_source
        else None
    )
    features = FeatureStore(reader, settings, recorder)

    @asynccontextmanager
    async def run(_: FastAPI) -> AsyncIterator[None]:
        async with store:
            parts = (versions, feedback, history, *((shadow,) if shadow else ()))
            tasks = [asyncio.create_task(part.run()) for part in parts]
            if worker:
                worker.watch_parent()
                await versions.wait(MODEL_PATIENCE)
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await history.write()
            await features.close()
        if worker:
            await worker.end(telemetry)

    app = FastAPI(
        title="Whence recommender",
        version="0.1.0",
        lifespan=run,
        telemetry=NATIVE_TELEMETRY_OFF,
        max_body_size=MAX_BODY,
        responses=_problems(422, 500),
    )
    add_errors(app)
    add_health(app, versions, shadow)
    offer = shadow.offer if shadow else None
    recommender = Recommender(versions, features, feedback, watch, recorder, offer, settings.replica)
    add_recommendations(app, recommender, settings.k)
    add_feedback(app, feedback)
    return app


def add_recommendations(app: FastAPI, recommender: Recommender, usual: int) -> None:
    @app.get("/recommendations/{user_id}", responses=_problems(503))
    async def recommend(user_id: UserId, k: K = usual) -> Recommendations:
        """The k best items for a user; the popular ones for a user without features at hand."""
        try:
            return Recommendations.of(await recommender.recommend(user_id, k))
        except ModelUnavailable as error:
            raise HTTPException(503, f"not ready: {error}") from error


def add_feedback(app: FastAPI, feedback: Feedback) -> None:
    @app.post(
        "/feedback",
        status_code=202,
        responses=_problems(400, 404) | {413: {"description": "Body above 16 KiB"}},
    )
    async def take_feedback(event: FeedbackEvent) -> FeedbackTaken:
        """Count what a user did with an item of an answer; the same again is counted once."""
        try:
            counted = await feedback.take(event.request_id, event.item_id, event.event)
            return FeedbackTaken(counted=counted)
        except UnknownRequest as error:
            raise HTTPException(404, str(error)) from error
        except ItemNotShown as error:
            raise HTTPException(422, str(error)) from error


def add_health(app: FastAPI, versions: Versions, shadow: Shadow | None) -> None:
    @app.get("/healthz")
    async def report_health() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", responses=_problems(503))
    async def report_readiness() -> Readiness:
        """Whether there is a model to answer with, and whether all are the right ones."""
        model = versions.live
        if model is None:
            raise HTTPException(503, f"not ready: {versions.problem}")
        return Readiness(
            model_version=model.version,
            dataset_id=model.dataset_id,
            versions=versions.names,
            degraded=versions.problem or (shadow.problem if shadow else None),
            shadow=shadow.version if shadow else None,
        )


def add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def refuse(_: Request, invalid: RequestValidationError) -> JSONResponse:
        detail = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()
        )
        return JSONResponse({"detail": detail}, 422)

    @app.exception_handler(Exception)
    async def fail(_: Request, error: Exception) -> JSONResponse:
        request_id = secrets.token_hex(8)
        log.error("unexpected error", request_id=request_id, error=f"{type(error).__name__}: {error}")
        return JSONResponse({"detail": "unexpected error", "request_id": request_id}, 500)


def _problems(*statuses: int) -> Responses:
    return {status: {"model": Problem} for status in statuses}
