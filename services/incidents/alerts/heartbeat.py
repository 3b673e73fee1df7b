"""The dead man's switch: when the heartbeat alert stops coming, that is an alert of its own.

heartbeat ──▶ alive ──(timeout without one)──▶ silent: the alert fires ──heartbeat──▶ alive: it resolves
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from pydantic import BaseModel

from services.incidents.alerts.store import Store
from services.incidents.database.connection import DatabaseAway
from services.incidents.incident import Alert
from services.incidents.stream import Stream

NAME = "Alerting Is Silent"
LABEL = "heartbeat"
LONGEST_PAUSE = 5.0
"""Seconds between two looks at the clock, at most."""

log = structlog.get_logger(__name__)


class HeartbeatState(BaseModel):
    """Whether alerts would arrive; `waiting` until the first heartbeat is due."""

    status: Literal["waiting", "alive", "silent"]
    last_at: datetime | None
    silent_since: datetime | None


def is_heartbeat(alert: Alert) -> bool:
    """Whether an alert only says that alerting lives; one about a heartbeat rule that failed does not."""
    return alert.labels.get(LABEL) == "true" and alert.mark is None


class Heartbeat:
    """Expects a heartbeat every `timeout` seconds at least; what it knows survives a restart."""

    def __init__(self, store: Store, stream: Stream, timeout: float) -> None:
        self._store = store
        self._stream = stream
        self._timeout = timedelta(seconds=timeout)
        self._started = datetime.now(UTC)

    async def read(self) -> HeartbeatState:
        """What is known now."""
        last, silent = await self._store.read_heartbeat()
        status: Literal["waiting", "alive", "silent"] = "silent" if silent else "alive" if last else "waiting"
        return HeartbeatState(status=status, last_at=last, silent_since=silent)

    async def record(self) -> list[int]:
        """A heartbeat came. Returns the incidents that ended with it."""
        before = await self.read()
        now = datetime.now(UTC)
        await self._store.write_heartbeat(now, None)
        if before.status == "waiting":
            self._stream.publish(HeartbeatState(status="alive", last_at=now, silent_since=None))
        return await self._record(before.silent_since, now) if before.silent_since else []

    async def watch(self) -> None:
        """Raise the alert when the time is up; runs until it is cancelled."""
        pause = min(LONGEST_PAUSE, self._timeout.total_seconds() / 5)
        while True:
            await asyncio.sleep(pause)
            try:
                await self.look()
            except DatabaseAway as error:
                log.error("heartbeat not checked", reason=str(error))

    async def look(self) -> None:
        """Compare the last heartbeat with the clock: time in which this service was down does not count."""
        state, now = await self.read(), datetime.now(UTC)
        since = max(state.last_at, self._started) if state.last_at else self._started
        if state.status == "silent" or now - since <= self._timeout:
            return
        log.error("alerting is silent", last_heartbeat=str(state.last_at))
        await self._store.write_heartbeat(state.last_at, now)
        await self._record(now, None)

    async def _record(self, started: datetime, ended: datetime | None) -> list[int]:
        incidents = await self._store.record([self._alert(started, ended)])
        for incident in incidents:
            self._stream.publish(incident)
        return [incident.id for incident in incidents]

    def _alert(self, started: datetime, ended: datetime | None) -> Alert:
        return Alert(
            fingerprint="alerting-is-silent",
            name=NAME,
            status="resolved" if ended else "firing",
            severity="critical",
            starts_at=started,
            ends_at=ended,
            labels={
                "alertname": NAME,
                "severity": "critical",
                "impact": "none",
                "component": "alerting",
                "owner": "platform",
            },
            annotations={
                "summary": f"No heartbeat for {self._timeout.total_seconds():.0f} s: alerts may not arrive",
                "description": "Whatever evaluates and sends alerts has stopped, or cannot reach this page. "
                "Until this "
                "ends, an empty inbox means nothing: look at the dashboards.",
                "runbook_url": "/runbooks/alerting-is-silent",
            },
        )
