"""The process `incidents`: `python -m services.incidents`."""

import sqlite3

import uvicorn

from services.configuration import load_settings
from services.incidents.app import create_app
from services.incidents.schema import NewerDatabase
from services.incidents.settings import Settings
from services.instrumentation import ServerTelemetry, configure_logging, start_telemetry

CONNECTIONS = 256
"""More at once are answered 503."""


def main() -> None:
    """Serve until stopped; exit status 1 with one line on standard error where that is not possible."""
    configure_logging("incidents")
    settings = load_settings(Settings)
    try:
        app = create_app(settings)
    except (NewerDatabase, OSError, sqlite3.Error) as error:
        raise SystemExit(f"incidents: cannot open {settings.incidents_database}: {error}") from None
    telemetry = start_telemetry("incidents")
    try:
        uvicorn.run(
            ServerTelemetry(app, telemetry),
            host=settings.bind_host,
            port=settings.incidents_port,
            log_config=None,
            access_log=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
            ws="none",
        )
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    main()
