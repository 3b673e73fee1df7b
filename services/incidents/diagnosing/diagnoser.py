"""Verdicts on incidents, made in the background.

an incident changes ──▶ followed: diagnose, wait, diagnose, … ──the incident is over──▶ a last verdict
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from pydantic import BaseModel

from diagnosis import Verdict
from prometheus.client import SourceAway
from services.incidents.alerts.store import Store
from services.incidents.alerts.waves import doubt, find_earlier_onset, settle
from services.incidents.database.connection import DatabaseAway
from services.incidents.diagnosing.client import Explain
from services.incidents.diagnosing.schedule import (
    LONGEST,
    MINIMUM_INTERVAL,
    choose_due,
    choose_window,
    holds,
    is_over,
    pauses,
)
from services.incidents.incident import Incident, Wave
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


class Diagnoser:
    """Follows incidents that fire until they are over; a restart takes up where it was."""

    def __init__(
        self,
        store: Store,
        stream: Stream,
        explain: Explain,
        clock: Clock | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._stream = stream
        self._explain = explain
        self._clock = clock or Clock()
        self._leads = leads
        self._followed: dict[int, asyncio.Event] = {}
        self._works: set[asyncio.Task[None]] = set()
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
                for work in self._works:
                    work.cancel()
                await asyncio.gather(*self._works, return_exceptions=True)
                self._followed.clear()

    def _wake(self, incident_id: int) -> None:
        if changed := self._followed.get(incident_id):
            changed.set()

    async def _follow_unfinished(self) -> None:
        """Changes may be lost when many come at once, so the store is asked for what there is to do.

        What is done while it answers is unfinished in the answer.
        """
        under_way = set(self._followed)
        try:
            waiting = await self._store.select_unfinished(FOLLOWED, self._clock.now() - LONGEST)
        except DatabaseAway as error:
            log.error("incidents not followed", reason=str(error))
            return
        for incident_id in waiting:
            if incident_id not in under_way | self._followed.keys() and len(self._followed) < FOLLOWED:
                self._followed[incident_id] = asyncio.Event()
                work = asyncio.create_task(self._follow(incident_id))
                self._works.add(work)
                work.add_done_callback(self._works.discard)

    async def _follow(self, incident_id: int) -> None:
        """Diagnose an incident until it is over; if all places were taken, another one may have waited."""
        try:
            await self._revise_until_over(incident_id, self._followed[incident_id])
        finally:
            full = len(self._followed) >= FOLLOWED
            del self._followed[incident_id]
        if full:
            await self._clock.sleep(MINIMUM_INTERVAL)
            await self._follow_unfinished()

    async def _revise_until_over(self, incident_id: int, changed: asyncio.Event) -> None:
        upcoming = pauses()
        while True:
            if await self._wait(next(upcoming), changed):
                upcoming = pauses(1)
            if not await self._revise(incident_id) and not changed.is_set():
                return

    async def _wait(self, pause: float, changed: asyncio.Event) -> bool:
        """Wait for `pause` seconds, or until the incident changes, but MINIMUM_INTERVAL in any case.

        Whether it changed: then its evidence grows anew.
        """
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
        has_changed = changed.is_set()
        changed.clear()
        return has_changed

    async def _revise(self, incident_id: int) -> bool:
        """Diagnose once; whether to go on."""
        try:
            incident = await self._store.find(incident_id)
            if incident is None:
                self._last_errors.pop(incident_id, None)
                return False
            now = self._clock.now()
            reached = await self._diagnose(incident, now)
            return not (reached and is_over(incident, now)) and now - incident.waves[-1].started_at < LONGEST
        except DatabaseAway as error:
            log.error("verdict not stored", incident=incident_id, reason=str(error))
            return True

    async def _diagnose(self, incident: Incident, now: datetime) -> bool:
        """Diagnose the waves that are due; whether all of it was possible."""
        for wave in choose_due(incident, now):
            verdict = await self._explain_wave(incident, wave, now)
            if verdict is None or not self._leads():
                return False
            wave.verdict = verdict
            new = await self._store.add_verdict(incident.id, now, verdict, wave.started_at)
            self._stream.publish(VerdictChange(incident_id=incident.id, new=new, verdict=verdict))
        self._last_errors.pop(incident.id, None)
        return True

    async def _explain_wave(self, incident: Incident, wave: Wave, now: datetime) -> Verdict | None:
        window = choose_window(incident, wave, now)
        span = window.start.timestamp(), window.end.timestamp()
        after = find_earlier_onset(incident.waves, wave)
        try:
            fresh = await self._explain(*span, wave.started_at.timestamp(), wave.services, after)
        except SourceAway as away:
            self._fail(incident.id, str(away))
            return None
        except Exception:
            log.exception("diagnosis failed", incident=incident.id)
            self._fail(incident.id, "The diagnosis failed: the log of this service says how.")
            return None
        return settle(wave.verdict, doubt(fresh, wave.user_impact), holds=holds(wave, now))

    def _fail(self, incident_id: int, reason: str) -> None:
        if self._last_errors.get(incident_id) == reason:
            return
        self._last_errors[incident_id] = reason
        log.warning("no verdict", incident=incident_id, reason=reason)
        self._stream.publish(VerdictChange(incident_id=incident_id, new=False, verdict=None))
