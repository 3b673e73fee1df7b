"""The application: what it is made of and how the parts are joined."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from prometheus.client import AsyncClient
from services.incidents.access.entrance import add_access
from services.incidents.access.guard import DATA_PATHS
from services.incidents.alerts.heartbeat import Heartbeat
from services.incidents.alerts.inbox import Counter, Inbox
from services.incidents.alerts.measuring import Gauges, OpenIncidents
from services.incidents.alerts.reconciling import Reconciler
from services.incidents.alerts.service_map import ServiceMap
from services.incidents.alerts.store import Store
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.connection import Database, DatabaseAway
from services.incidents.database.location import open_database
from services.incidents.database.sqlite import SQLite
from services.incidents.diagnosing.client import DiagnosisClient, Explain
from services.incidents.diagnosing.diagnoser import Diagnoser
from services.incidents.leadership import Duty, Leadership
from services.incidents.models.catalogue import Catalogues
from services.incidents.models.decisions import Decisions
from services.incidents.models.lineage import Lineages
from services.incidents.models.releases import ReleaseFiles
from services.incidents.models.watched import Models
from services.incidents.settings import Settings
from services.incidents.stream import Stream
from services.incidents.web.api import Api
from services.incidents.web.catalogue import CataloguePages
from services.incidents.web.comparison import ComparisonPages
from services.incidents.web.exposition import Exposition
from services.incidents.web.headers import SecurityHeaders
from services.incidents.web.incidents import Pages
from services.incidents.web.lineage import LineagePages
from services.incidents.web.models import ModelPages
from services.incidents.web.releases import ReleasePages
from services.incidents.web.topology import TopologyApi
from services.instrumentation import NATIVE_TELEMETRY_OFF

BODY_LIMIT = 8 << 20
"""Bytes of a webhook with MOST_ALERTS alerts, and more."""
STATIC = Path(__file__).parent / "web" / "static"

log = structlog.get_logger(__name__)


def create_app(
    settings: Settings,
    stream: Stream | None = None,
    explain: Explain | None = None,
    gauges: Gauges | None = None,
    refusals: Counter | None = None,
) -> FastAPI:
    """The service as an ASGI application; whoever stops it ends `stream`.

    Raises DatabaseAway if the database cannot be opened.
    """
    prometheus = AsyncClient("Prometheus", settings.prometheus_url, public_address=settings.prometheus_ui_url)
    jaeger = AsyncClient("Jaeger", settings.jaeger_url, public_address=settings.jaeger_ui_url)
    service_map = ServiceMap(prometheus, jaeger)
    database = open_database(settings.incidents_database)
    transactions = AsyncDatabase(database)
    store = Store(transactions, settings.incidents_kept, service_map.connect)
    stream, leadership = stream or Stream(), Leadership()
    heartbeat = Heartbeat(store, stream, settings.heartbeat_timeout)
    explain = explain or DiagnosisClient(prometheus, jaeger, settings.limits.model_dump())
    reconciler = Reconciler(store, stream, prometheus)
    diagnoser = Diagnoser(store, stream, explain, leads=leadership.holds)
    leadership.assign(heartbeat.watch, reconciler.watch, diagnoser.watch)
    watchers = [service_map.watch, _join(database, store, stream, leadership)]
    watchers += [OpenIncidents(store, gauges).watch] if gauges else []

    @asynccontextmanager
    async def watch_and_close(_: FastAPI) -> AsyncIterator[None]:
        watching = [asyncio.create_task(watch()) for watch in watchers]
        yield
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await asyncio.gather(prometheus.close(), jaeger.close())
        store.close()

    pages = Pages(settings, store, heartbeat, jaeger, diagnoser)
    app = FastAPI(
        title="Whence incidents",
        lifespan=watch_and_close,
        max_body_size=BODY_LIMIT,
        docs_url=None,
        redoc_url=None,
        telemetry=NATIVE_TELEMETRY_OFF,
    )
    app.include_router(Inbox(store, stream, heartbeat, refusals).router)
    app.include_router(Api(store, stream, heartbeat, prometheus, explain, settings.deadline_ms).router)
    app.include_router(TopologyApi(prometheus, jaeger).router)
    lineage = [each for each in (settings.lineage_file, settings.commands_lineage_file) if each]
    models, decisions = Models(prometheus), Decisions(settings.audit_file, lineage)
    app.include_router(ModelPages(settings, store, models).router)
    app.include_router(CataloguePages(store, Catalogues(prometheus, models, decisions)).router)
    app.include_router(LineagePages(Lineages(prometheus, jaeger, decisions)).router)
    app.include_router(ComparisonPages(prometheus, jaeger).router)
    app.include_router(ReleasePages(ReleaseFiles(settings.release_file, settings.audit_file)).router)
    app.include_router(Exposition(store, service_map, leadership.holds).router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    answer_in_kind = _answer_in_kind(pages)
    add_access(app, settings, transactions, answer_in_kind)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(DatabaseAway, answer_in_kind)
    app.add_exception_handler(HTTPException, answer_in_kind)
    app.add_exception_handler(RequestValidationError, answer_in_kind)
    return app


def _join(database: Database, store: Store, stream: Stream, leadership: Leadership) -> Duty:
    """How this replica leads: for good on a file, in turn with others on a server."""
    if isinstance(database, SQLite):
        return leadership.keep
    from services.incidents.database.postgresql import PostgreSQL
    from services.incidents.replicas import Replicas

    assert isinstance(database, PostgreSQL)
    return Replicas(database, store, stream, leadership).watch


def _answer_in_kind(pages: Pages) -> Callable[[Request, Exception], Awaitable[Response]]:
    """A problem is JSON for a program and a page for a person."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, DatabaseAway):
            log.error("database away", path=request.url.path, reason=str(error))
            error = HTTPException(503, f"the incident database is away: {error}")
        if isinstance(error, HTTPException):
            if request.url.path.startswith(DATA_PATHS):
                return await http_exception_handler(request, error)
            page = pages.show_problem(request, error.status_code, error.detail)
            page.headers.update(error.headers or {})
            return page
        assert isinstance(error, RequestValidationError)
        if request.url.path.startswith(DATA_PATHS):
            return _refuse(error)
        return pages.show_problem(request, 404, "There is nothing at this address.")

    return answer


def _refuse(invalid: RequestValidationError) -> Response:
    """What is wrong, without the input: JSON has no word for some of it, such as NaN."""
    wrong = [{key: error[key] for key in ("type", "loc", "msg")} for error in invalid.errors()]
    return JSONResponse({"detail": wrong}, 422)
