"""Verdicts on incidents, made in the background.

an incident changes ──▶ followed: diagnose, wait, diagnose, … ──the incident is over──▶ a last verdict
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from pydantic import BaseModel

from diagnosis import Verdict
from prometheus.client import SourceAway
from services.incidents.diagnosis_client import Explain
from services.incidents.incident import Incident
from services.incidents.schedule import LONGEST, MINIMUM_INTERVAL, choose_window, is_over, pauses
from services.incidents.store import Store
from services.incidents.stream import Stream

FOLLOWED = 32
"""Incidents under diagnosis at once; further ones wait until one of these is over."""

log = structlog.get_logger(__name__)


class Clock:
    """The time of day, and waiting."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VerdictChange(BaseModel):
    """An incident has a verdict, another than before if it is `new`, or cannot have one (None)."""

    incident_id: int
    new: bool
    verdict: Verdict | None


Notify = Callable[[Incident, Verdict, Verdict | None], Awaitable[None]]
"""Is given an incident, its verdict, and the one before if that was another."""


class _Following(NamedTuple):
    changed: asyncio.Event
    work: asyncio.Task[None]


class Diagnoser:
    """Follows incidents that fire until they are over; a restart takes up where it was."""

    def __init__(
        self,
        store: Store,
        stream: Stream,
        explain: Explain,
        notify: Notify,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._stream = stream
        self._explain = explain
        self._notify = notify
        self._clock = clock or Clock()
        self._followed: dict[int, _Following] = {}
        self._last_errors: dict[int, str] = {}

    def last_error(self, incident_id: int) -> str | None:
        """Why the last attempt at a verdict failed, if it did."""
        return self._last_errors.get(incident_id)

    async def watch(self) -> None:
        """Follow what changes; runs until it is cancelled."""
        with self._stream.subscribe(counted=False) as changes:
            try:
                await self._follow_unfinished()
                async for change in changes:
                    if isinstance(change, Incident):
                        self._wake(change.id)
                        await self._follow_unfinished()
            finally:
                works = [following.work for following in self._followed.values()]
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)

    def _wake(self, incident_id: int) -> None:
        if following := self._followed.get(incident_id):
            following.changed.set()

    async def _follow_unfinished(self) -> None:
        """Changes may be lost when many come at once, so the store is asked for what there is to do."""
        try:
            waiting = await self._store.select_unfinished(FOLLOWED, self._clock.now() - LONGEST)
        except sqlite3.Error as error:
            log.error("incidents not followed", reason=str(error))
            return
        for incident_id in waiting:
            if incident_id not in self._followed and len(self._followed) < FOLLOWED:
                changed = asyncio.Event()
                work = asyncio.create_task(self._follow(incident_id, changed))
                self._followed[incident_id] = _Following(changed, work)

    async def _follow(self, incident_id: int, changed: asyncio.Event) -> None:
        try:
            for pause in pauses():
                await self._wait(pause, changed)
                if not await self._revise(incident_id) and not changed.is_set():
                    return
        finally:
            self._followed.pop(incident_id, None)

    async def _wait(self, pause: float, changed: asyncio.Event) -> None:
        """Wait for `pause` seconds, or until the incident changes, but MINIMUM_INTERVAL in any case."""
        await self._clock.sleep(min(pause, MINIMUM_INTERVAL))
        ways = [
            asyncio.ensure_future(way)
            for way in (self._clock.sleep(max(0.0, pause - MINIMUM_INTERVAL)), changed.wait())
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
        changed.clear()

    async def _revise(self, incident_id: int) -> bool:
        """Diagnose once; whether to go on."""
        try:
            incident = await self._store.find(incident_id)
            if incident is None:
                self._last_errors.pop(incident_id, None)
                return False
            now = self._clock.now()
            reached = await self._diagnose(incident, now)
            return not (reached and is_over(incident, now)) and now - incident.started_at < LONGEST
        except sqlite3.Error as error:
            log.error("verdict not stored", incident=incident_id, reason=str(error))
            return True

    async def _diagnose(self, incident: Incident, now: datetime) -> bool:
        window = choose_window(incident, now)
        span = window.start.timestamp(), window.end.timestamp()
        services = sorted({alert.service for alert in incident.alerts})
        try:
            verdict = await self._explain(*span, incident.started_at.timestamp(), services)
        except SourceAway as away:
            self._fail(incident.id, str(away))
            return False
        except Exception:
            log.exception("diagnosis failed", incident=incident.id)
            self._fail(incident.id, "The diagnosis failed: the log of this service says how.")
            return False
        self._last_errors.pop(incident.id, None)
        new = await self._store.add_verdict(incident.id, now, verdict)
        self._stream.publish(VerdictChange(incident_id=incident.id, new=new, verdict=verdict))
        former = (await self._store.select_verdicts(incident.id))[1:2] if new else []
        await self._notify(incident, verdict, former[0].verdict if former else None)
        return True

    def _fail(self, incident_id: int, reason: str) -> None:
        if self._last_errors.get(incident_id) == reason:
            return
        self._last_errors[incident_id] = reason
        log.warning("no verdict", incident=incident_id, reason=reason)
        self._stream.publish(VerdictChange(incident_id=incident_id, new=False, verdict=None))
