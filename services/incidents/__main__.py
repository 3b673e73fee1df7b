"""The process `incidents`: `python -m services.incidents`."""

import socket

import uvicorn

from services.configuration import load_settings
from services.incidents.alerts.measuring import Gauges
from services.incidents.app import create_app
from services.incidents.database.connection import DatabaseAway
from services.incidents.diagnosing.client import Explain
from services.incidents.settings import Settings
from services.incidents.stream import Stream
from services.instrumentation import ServerTelemetry, start_telemetry
from services.logs import configure_logging
from services.stopping import exit_when_stopped
from telemetry.instruments import INCIDENT_OPEN, INCIDENT_REFUSALS, INCIDENT_STARTED

CONNECTIONS = 256
"""More at once are answered 503."""

GRACE = 5
"""Seconds for requests under way when the service is stopped."""


class Server(uvicorn.Server):
    """Ends the open streams when it is stopped: their pages would keep it from stopping."""

    def __init__(self, config: uvicorn.Config, stream: Stream) -> None:
        super().__init__(config)
        self._stream = stream

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._stream.end()
        await super().shutdown(sockets)


def main(explain: Explain | None = None) -> None:
    """Serve until stopped; exit status 1 with one line on standard error where that is not possible."""
    configure_logging("incidents")
    settings = load_settings(Settings)
    if trouble := settings.find_trouble():
        raise SystemExit(f"configuration error: {trouble}")
    stream = Stream()
    telemetry = start_telemetry("incidents", host_metrics=True)
    try:
        gauges = Gauges(telemetry.instrument(INCIDENT_OPEN), telemetry.instrument(INCIDENT_STARTED))
        refusals = telemetry.instrument(INCIDENT_REFUSALS)
        app = create_app(settings, stream, explain, gauges=gauges, refusals=refusals)
    except DatabaseAway as away:
        raise SystemExit(f"incidents: {away}") from None
    exit_when_stopped()
    try:
        config = uvicorn.Config(
            ServerTelemetry(app, telemetry),
            host=settings.bind_host,
            port=settings.incidents_port,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whose headers count is decided by PROXY_PEERS
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
            ws="none",
        )
        Server(config, stream).run()
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    main()
