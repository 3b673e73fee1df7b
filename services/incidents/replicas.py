"""Several replicas of the inbox on one PostgreSQL: one leads, and each hears what the others store.

Both by one connection beside the pool. The leader is who holds an advisory lock. PostgreSQL takes it away
when the connection ends, or when nothing comes over it for STALLED seconds.
"""

import asyncio
import re
from typing import NamedTuple

import psycopg
import structlog
from psycopg.rows import DictRow

from services.incidents.alerts.store import INCIDENT, MOST_OPEN, VERDICT, Store
from services.incidents.database.connection import DatabaseAway, name_reason
from services.incidents.database.postgresql import LEADER, PostgreSQL
from services.incidents.diagnosing.diagnoser import VerdictChange
from services.incidents.leadership import Leadership
from services.incidents.stream import Stream

PAUSE = 1.0
"""Seconds between two looks at who leads and at what the others stored."""

STALLED = 15
SURE = 10.0
"""Seconds for which who just led knows that it still does."""

RETRY = 3.0
"""Seconds until a lost connection is made again, and the most that a look may take."""

_NOTE = re.compile(r"(?P<replica>\w+) (?P<change>\w+) (?P<incident>\d{1,9})")

log = structlog.get_logger(__name__)


class Note(NamedTuple):
    """What another replica stored."""

    change: str
    incident_id: int


class Replicas:
    """This replica among the others."""

    def __init__(self, database: PostgreSQL, store: Store, stream: Stream, leadership: Leadership) -> None:
        self._database = database
        self._store = store
        self._stream = stream
        self._leadership = leadership
        self._away = ""

    async def watch(self) -> None:
        """Lead or follow; runs until it is cancelled."""
        while True:
            try:
                await self._take_part()
            except (psycopg.Error, DatabaseAway, TimeoutError) as error:
                self._report(name_reason(error))
            finally:
                await self._leadership.leave()
            await asyncio.sleep(RETRY)

    async def _take_part(self) -> None:
        async with asyncio.timeout(RETRY):
            connection = await self._database.listen()
        async with connection:
            await connection.execute(f"SET idle_session_timeout = '{STALLED}s'")
            await self._catch_up()
            self._away = ""
            while True:
                async with asyncio.timeout(RETRY):
                    await self._lead(connection)
                for note in await self._hear(connection):
                    await self._pass_on(note)

    async def _lead(self, connection: psycopg.AsyncConnection[DictRow]) -> None:
        if self._leadership.holds():
            await connection.execute("SELECT 1")
        elif not await _lock(connection):
            return
        else:
            log.info("this replica leads", replica=self._database.replica)
        self._leadership.take(SURE)

    async def _hear(self, connection: psycopg.AsyncConnection[DictRow]) -> list[Note]:
        """What the others stored within PAUSE, each once; of many, the newest incidents."""
        notes = [_NOTE.fullmatch(note.payload) async for note in connection.notifies(timeout=PAUSE)]
        others = {
            Note(note["change"], int(note["incident"]))
            for note in notes
            if note and note["replica"] != self._database.replica
        }
        return sorted(others, key=lambda note: note.incident_id)[-MOST_OPEN:]

    async def _pass_on(self, note: Note) -> None:
        """Publish here what changed there."""
        incident = await self._store.find(note.incident_id)
        if incident is None:
            return
        if note.change == INCIDENT:
            self._stream.publish(incident)
        else:
            new = note.change == VERDICT
            self._stream.publish(VerdictChange(incident_id=incident.id, new=new, verdict=incident.verdict))

    async def _catch_up(self) -> None:
        """What was stored while this replica heard nothing."""
        for incident in reversed(await self._store.select_open()):
            self._stream.publish(incident)

    def _report(self, reason: str) -> None:
        if self._away != reason:
            log.error("other replicas not heard", reason=reason)
        self._away = reason


async def _lock(connection: psycopg.AsyncConnection[DictRow]) -> bool:
    cursor = await connection.execute(f"SELECT pg_try_advisory_lock({LEADER}) AS held")
    row = await cursor.fetchone()
    return bool(row and row["held"])
