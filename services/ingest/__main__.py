"""The process `ingest`: `python -m services.ingest`."""

import uvicorn

from services.configuration import load_settings
from services.ingest.app import Ingest
from services.ingest.settings import Settings
from services.instrumentation import start_telemetry
from services.logs import configure_logging
from services.stopping import exit_when_stopped

CONNECTIONS = 32
"""More at once are answered 503."""

GRACE = 5
"""Seconds for requests under way when the service is stopped."""


def main() -> None:
    """Serve until stopped."""
    configure_logging("ingest")
    settings = load_settings(Settings)
    telemetry = start_telemetry("ingest")
    exit_when_stopped()
    try:
        config = uvicorn.Config(
            Ingest(settings, telemetry),
            host=settings.bind_host,
            port=settings.ingest_port,
            log_config=None,
            access_log=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
            ws="none",
        )
        uvicorn.Server(config).run()
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    main()
