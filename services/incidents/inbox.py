"""`POST /webhooks/alerts`: alerts come in."""

import hmac
import sqlite3
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, HTTPException, Request

from services.incidents.alertmanager_publisher import is_own
from services.incidents.heartbeat import Heartbeat, is_heartbeat
from services.incidents.incident import Alert
from services.incidents.store import Store
from services.incidents.stream import Stream
from services.incidents.webhooks import Malformed, read_alerts

log = structlog.get_logger(__name__)


class Inbox:
    """Takes webhooks of Grafana and Alertmanager from whoever has the token."""

    def __init__(self, token: str, store: Store, stream: Stream, heartbeat: Heartbeat) -> None:
        self._expected = f"Bearer {token}".encode()
        self._store = store
        self._stream = stream
        self._heartbeat = heartbeat
        self.router = APIRouter()
        self.router.add_api_route("/webhooks/alerts", self.receive, methods=["POST"])

    async def receive(
        self, request: Request, authorization: Annotated[str, Header()] = ""
    ) -> dict[str, list[int]]:
        """Store the alerts, then push and name the incidents that changed.

        400 malformed, 401 without the token, 413 over 1 MiB, 503 if the database cannot be written.
        """
        if not hmac.compare_digest(authorization.encode(), self._expected):
            raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})
        try:
            changed = await self._take(read_alerts(await request.body()))
        except Malformed as malformed:
            log.warning("webhook refused", reason=str(malformed))
            raise HTTPException(400, f"not a webhook of Grafana or Alertmanager: {malformed}") from None
        except sqlite3.Error as error:
            log.error("webhook not stored", reason=str(error))
            raise HTTPException(503, "the incident database cannot be written") from None
        return {"incidents": changed}

    async def _take(self, alerts: list[Alert]) -> list[int]:
        """Heartbeats are noted, not kept; our own verdicts are neither."""
        alerts = [alert for alert in alerts if not is_own(alert)]
        heartbeats = [alert for alert in alerts if is_heartbeat(alert)]
        incidents = await self._store.record(alert for alert in alerts if alert not in heartbeats)
        for incident in incidents:
            self._stream.publish(incident)
        ended = (
            await self._heartbeat.record() if any(alert.status == "firing" for alert in heartbeats) else []
        )
        return [*(incident.id for incident in incidents), *ended]
