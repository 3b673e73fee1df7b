"""`POST /webhooks/alerts`: alerts come in."""

from datetime import UTC, datetime
from typing import Protocol

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, HTTPException, Request
from starlette.exceptions import HTTPException as StarletteHTTPException

from services.incidents.alerts.heartbeat import Heartbeat, is_heartbeat
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import Malformed, Received, Refused, read_alerts
from services.incidents.incident import Alert
from services.incidents.stream import Stream
from telemetry.attributes import REASON

EXPLAINED = "explained"
"""The label of a verdict of ours, come back as an alert."""
REASONS = 5
"""The most reasons in one response."""

log = structlog.get_logger(__name__)


class Counter(Protocol):
    """The part of OpenTelemetry's counters that is used."""

    def add(self, amount: int | float, attributes: dict[str, str], /) -> None: ...


class Inbox:
    """Takes webhooks of Grafana and Alertmanager; who may send them is decided before."""

    def __init__(
        self,
        store: Store,
        stream: Stream,
        heartbeat: Heartbeat,
        refusals: Counter | None = None,
    ) -> None:
        self._store = store
        self._stream = stream
        self._heartbeat = heartbeat
        self._refusals = refusals
        self._thread = CapacityLimiter(1)
        self.router = APIRouter()
        self.router.add_api_route("/webhooks/alerts", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> dict[str, list[int] | list[str]]:
        """Store the usable alerts, push the incidents that changed and return their ids.

        `refused` holds the reasons of the first few alerts that are not usable. 400 if none is usable, 413
        over 8 MiB, 503 if the database is away: all senders retry.
        """
        received = await self._parse(await self._read(request))
        changed = await self._take(received.alerts)
        reasons = [each.reason for each in received.refused[:REASONS]]
        return {"incidents": changed, **({"refused": reasons} if reasons else {})}

    async def _read(self, request: Request) -> bytes:
        try:
            return await request.body()
        except StarletteHTTPException as large:
            await self._refuse([Refused("too_large", f"body: {large.detail}", "")])
            raise

    async def _parse(self, body: bytes) -> Received:
        """The content of a body. Raises HTTPException if no alert in it is usable."""
        try:
            received = await to_thread.run_sync(read_alerts, body, limiter=self._thread)
        except Malformed as malformed:
            received = Received([], [Refused("body", str(malformed), body.decode(errors="replace"))])
        if received.refused:
            await self._refuse(received.refused)
        if not received.alerts:
            reason = received.refused[0].reason
            raise HTTPException(400, f"not a webhook of Grafana or Alertmanager: {reason}")
        return received

    async def _refuse(self, refused: list[Refused]) -> None:
        """Count and keep what was refused, and log the first reason."""
        if self._refusals:
            for each in refused:
                self._refusals.add(each.number, {REASON: each.kind})
        count = sum(each.number for each in refused)
        log.warning("webhook refused", reason=refused[0].reason, count=count)
        await self._store.add_dead_letters(datetime.now(UTC), refused)

    async def _take(self, alerts: list[Alert]) -> list[int]:
        """Heartbeats are noted, not kept; our own verdicts are neither."""
        alerts = [alert for alert in alerts if alert.labels.get(EXPLAINED) != "true"]
        heartbeats = [alert for alert in alerts if is_heartbeat(alert)]
        incidents = await self._store.record([alert for alert in alerts if not is_heartbeat(alert)])
        for incident in incidents:
            self._stream.publish(incident)
        ended = (
            await self._heartbeat.record() if any(alert.status == "firing" for alert in heartbeats) else []
        )
        return [*(incident.id for incident in incidents), *ended]
