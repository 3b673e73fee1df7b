"""The recommender as a process of its own, or as one of several workers."""

import gc
import sys
from functools import partial

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from services.configuration import load_settings
from services.demo.features.bucket import Bucket
from services.demo.flags import FlagSettings
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.recommender.app import create_app
from services.demo.recommender.connection import connect
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shadow.shadow import ShadowSource
from services.demo.recommender.shared.worker import Worker
from services.demo.recommender.workers import server_options
from services.demo.storage.settings import StorageSettings
from services.instrumentation import ServerTelemetry, Telemetry, start_telemetry
from services.logs import configure_logging
from services.stopping import exit_when_stopped

log = structlog.get_logger()


def serve_alone(settings: RecommenderSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and send the telemetry that is queued."""
    configure_logging("recommender")
    telemetry, app = _make_app(settings)
    exit_when_stopped()
    try:
        uvicorn.run(app, **server_options(settings))
    finally:
        telemetry.shutdown()


def make_worker() -> ASGIApp:
    """A worker's application. What is wrong here is wrong in all of them: they and their parent end."""
    configure_logging("recommender")
    try:
        settings = load_settings(RecommenderSettings)
        return _make_app(settings, Worker(settings))[1]
    except SystemExit as mistake:
        print(mistake, file=sys.stderr)
    except Exception as error:
        log.error("a worker cannot start", error=f"{type(error).__name__}: {error}")
    sys.exit(STARTUP_FAILURE)


def _make_app(settings: RecommenderSettings, worker: Worker | None = None) -> tuple[Telemetry, ASGIApp]:
    storage = load_settings(StorageSettings)
    connection = connect(storage, settings)
    telemetry = start_telemetry("recommender", instance=worker.name if worker else "")
    flags = load_settings(FlagSettings)
    shadow = ShadowSource(ShadowFile(flags.shadow_file), partial(Bucket, storage))
    app = create_app(settings, connection, FlagFile(flags.file), telemetry, worker, shadow)
    spare_what_stays()
    return telemetry, ServerTelemetry(app, telemetry)


def spare_what_stays() -> None:
    """Keep the garbage collector from what there is now, which stays as long as the process.

    Spans that wait for their export survive young collections and so bring on full ones, each of which would
    go through all modules again.
    """
    gc.collect()
    gc.freeze()
