"""The process `recommender`: `python -m services.demo.recommender`."""

import uvicorn

from services.configuration import load_settings
from services.demo.flags import FlagSettings
from services.demo.flags.file import FlagFile
from services.demo.recommender.app import create_app
from services.demo.recommender.connection import connect
from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.settings import StorageSettings
from services.instrumentation import ServerTelemetry, configure_logging, start_telemetry
from services.stopping import exit_when_stopped

MAX_CONNECTIONS = 1_000
GRACE = 5
"""Seconds that requests under way get at shutdown."""


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and send the telemetry that is queued."""
    configure_logging("recommender")
    settings = load_settings(RecommenderSettings)
    connection = connect(load_settings(StorageSettings), settings)
    telemetry = start_telemetry("recommender")
    flags = FlagFile(load_settings(FlagSettings).file)
    app = create_app(settings, connection, flags, telemetry)
    exit_when_stopped()
    try:
        uvicorn.run(
            ServerTelemetry(app, telemetry),
            host=settings.bind_host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_config=None,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
        )
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    main()
