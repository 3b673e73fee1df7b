"""The process `ingest`: `python -m services.ingest`."""

import signal
import sys

import uvicorn

from services.configuration import load_settings
from services.ingest.app import Ingest
from services.ingest.settings import Settings
from services.instrumentation import configure_logging, start_telemetry

CONNECTIONS = 32
"""More at once are answered 503."""

GRACE = 5
"""Seconds for requests under way when the service is stopped."""


def main() -> None:
    """Serve until stopped."""
    configure_logging("ingest")
    settings = load_settings(Settings)
    telemetry = start_telemetry("ingest")
    # uvicorn raises the signal again when it is done; only as an exception does it let the telemetry be sent.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
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
