"""Incidents on disk: one connection, used by one thread at a time, off the event loop."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from diagnosis import Verdict
from services.incidents import history
from services.incidents.access import tokens
from services.incidents.dead_letters import DeadLetter, add_letters, select_letters
from services.incidents.grouping import Connect, choose_incident, connect_all
from services.incidents.incident import SENT_START, Alert, Incident
from services.incidents.schema import open_database
from services.incidents.waves import choose_headline, doubt, find_wave, split_waves
from services.incidents.webhooks import Refused

P = ParamSpec("P")
T = TypeVar("T")

MOST_OPEN = 50
"""Open incidents that are looked at."""


class Store:
    """Keeps the newest `kept` incidents. Everything it raises is sqlite3.Error.

    `connect` is asked for each alert, in a thread, and must not wait for anything.
    """

    def __init__(self, path: Path, kept: int, connect: Connect = connect_all) -> None:
        self._connection = open_database(path)
        self._kept = kept
        self._connect = connect
        self._turn = CapacityLimiter(1)

    def close(self) -> None:
        self._connection.close()

    async def record(self, alerts: Iterable[Alert]) -> list[Incident]:
        """Store the alerts in one transaction, on disk on return; give back the incidents that changed."""
        return await self._run(self._record, list(alerts))

    async def find(self, incident_id: int) -> Incident | None:
        """One incident, or None."""
        incidents = await self._run(self._select, "id = ?", incident_id, 1)
        return incidents[0] if incidents else None

    async def select(self, limit: int, before: int | None = None) -> list[Incident]:
        """At most `limit` incidents, newest first, older than the one with the id `before`."""
        return await self._run(self._select, "id < ?", before or 2**63 - 1, limit)

    async def select_open(self) -> list[Incident]:
        """The newest MOST_OPEN incidents that still fire, newest first."""
        return await self._run(self._select, "ended_at IS NULL AND id > ?", 0, MOST_OPEN)

    async def count_firing(self) -> int:
        """How many incidents still fire; fails if the file cannot be read."""
        return await self._run(self._count_firing)

    async def add_verdict(
        self, incident_id: int, now: datetime, verdict: Verdict, wave_at: datetime | None = None
    ) -> bool:
        """Keep a verdict on a wave, without one on the first; whether it is another than the wave had.

        Nothing if the incident is gone.
        """
        at = wave_at.timestamp() if wave_at else 0.0
        return await self._run(self._add_verdict, incident_id, now, verdict, at)

    async def select_verdicts(self, incident_id: int) -> list[history.DatedVerdict]:
        """An incident's verdicts, newest first."""
        return await self._run(history.select_verdicts, self._connection, incident_id)

    async def select_unfinished(self, limit: int, since: datetime) -> list[int]:
        """Ids of incidents begun after `since` that need a diagnosis, newest first."""
        return await self._run(history.select_unfinished, self._connection, limit, since)

    async def add_dead_letters(self, at: datetime, refused: list[Refused]) -> None:
        """Store what was refused of one webhook."""
        await self._run(self._add_dead_letters, at, refused)

    async def select_dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest dead letters, newest first."""
        return await self._run(select_letters, self._connection, limit)

    async def read_heartbeat(self) -> tuple[datetime | None, datetime | None]:
        """When the last heartbeat came, and since when they have been missing."""
        return await self._run(self._read_heartbeat)

    async def write_heartbeat(self, last: datetime | None, silent_since: datetime | None) -> None:
        await self._run(self._write_heartbeat, last, silent_since)

    async def select_tokens(self) -> dict[str, tokens.Token]:
        """The API tokens by their hash."""
        return await self._run(tokens.select_tokens, self._connection)

    async def revoke_token(self, name: str) -> bool:
        """Whether there was such a token to revoke."""
        return await self._run(tokens.revoke_token, self._connection, name)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._turn)

    def _record(self, alerts: list[Alert]) -> list[Incident]:
        with self._transaction():
            changed = {incident_id for alert in alerts if (incident_id := self._put(alert)) is not None}
            for incident_id in changed:
                self._span(incident_id)
            self._forget()
            return [found for incident_id in changed for found in self._select("id = ?", incident_id, 1)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _put(self, alert: Alert) -> int | None:
        """Store one alert; return its incident, or None if nothing is new: one that ended stays ended."""
        key = (alert.fingerprint, self._find_start(alert))
        known = self._connection.execute(
            "SELECT incident_id, ends_at FROM alerts WHERE fingerprint = ? AND starts_at = ?", key
        ).fetchone()
        if known is None:
            return self._add(alert)
        if known["ends_at"] is not None or alert.ends_at is None:
            return None
        self._connection.execute(
            "UPDATE alerts SET ends_at = ? WHERE fingerprint = ? AND starts_at = ?",
            (alert.ends_at.timestamp(), *key),
        )
        return int(known["incident_id"])

    def _find_start(self, alert: Alert) -> float:
        """The start as unix seconds; a start in the future was replaced by the time of its first webhook."""
        known = None
        if sent := alert.annotations.get(SENT_START):
            known = self._connection.execute(
                "SELECT starts_at FROM alerts WHERE fingerprint = ? AND json_extract(annotations, ?) = ?",
                (alert.fingerprint, f'$."{SENT_START}"', sent),
            ).fetchone()
        return float(known["starts_at"]) if known else alert.starts_at.timestamp()

    def _add(self, alert: Alert) -> int:
        incident_id = choose_incident(self._connection, alert, self._connect(alert.service))
        if incident_id is None:
            incident_id = self._connection.execute(
                "INSERT INTO incidents (started_at) VALUES (?)", (alert.starts_at.timestamp(),)
            ).lastrowid
        self._connection.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                incident_id,
                alert.fingerprint,
                alert.starts_at.timestamp(),
                alert.ends_at.timestamp() if alert.ends_at else None,
                alert.name,
                alert.severity,
                alert.component,
                json.dumps(alert.labels),
                json.dumps(alert.annotations),
                alert.service,
            ),
        )
        assert incident_id is not None
        return incident_id

    def _span(self, incident_id: int) -> None:
        """An incident lasts from the start of its first alert to the end of its last."""
        self._connection.execute(
            "UPDATE incidents SET (started_at, ended_at) = ("
            " SELECT min(starts_at), CASE WHEN count(*) = count(ends_at) THEN max(ends_at) END"
            " FROM alerts WHERE incident_id = incidents.id) WHERE id = ?",
            (incident_id,),
        )

    def _forget(self) -> None:
        self._connection.execute(
            "DELETE FROM incidents WHERE id <= (SELECT max(id) FROM incidents) - ?", (self._kept,)
        )

    def _select(self, condition: str, value: int, limit: int) -> list[Incident]:
        rows = self._connection.execute(
            f"SELECT * FROM incidents WHERE {condition} ORDER BY id DESC LIMIT ?", (value, limit)
        ).fetchall()
        return [self._build(row) for row in rows]

    def _build(self, row: sqlite3.Row) -> Incident:
        rows = self._connection.execute(
            "SELECT * FROM alerts WHERE incident_id = ? ORDER BY starts_at, name", (row["id"],)
        )
        alerts = [_read_alert(alert) for alert in rows]
        waves = split_waves(alerts)
        for dated in history.select_standing(self._connection, row["id"]):
            if wave := find_wave(waves, dated.wave_at):
                wave.verdict = doubt(dated.verdict, wave)
        return Incident(
            id=row["id"],
            status="resolved" if row["ended_at"] else "firing",
            started_at=_moment(row["started_at"]),
            ended_at=_moment(row["ended_at"]) if row["ended_at"] else None,
            alerts=alerts,
            verdict=choose_headline(waves),
            waves=waves,
        )

    def _add_verdict(self, incident_id: int, now: datetime, verdict: Verdict, wave_at: float) -> bool:
        with self._transaction():
            if not self._select("id = ?", incident_id, 1):
                return False
            return history.add_verdict(self._connection, incident_id, now, verdict, wave_at)

    def _add_dead_letters(self, at: datetime, refused: list[Refused]) -> None:
        with self._transaction():
            add_letters(self._connection, at, refused)

    def _read_heartbeat(self) -> tuple[datetime | None, datetime | None]:
        last, silent = self._connection.execute("SELECT last_at, silent_since FROM heartbeat").fetchone()
        return _moment(last) if last else None, _moment(silent) if silent else None

    def _write_heartbeat(self, last: datetime | None, silent_since: datetime | None) -> None:
        moments = [moment.timestamp() if moment else None for moment in (last, silent_since)]
        self._connection.execute("UPDATE heartbeat SET last_at = ?, silent_since = ?", moments)

    def _count_firing(self) -> int:
        (count,) = self._connection.execute(
            "SELECT count(*) FROM incidents WHERE ended_at IS NULL"
        ).fetchone()
        return int(count)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _read_alert(row: sqlite3.Row) -> Alert:
    return Alert(
        fingerprint=row["fingerprint"],
        name=row["name"],
        status="resolved" if row["ends_at"] else "firing",
        severity=row["severity"],
        starts_at=_moment(row["starts_at"]),
        ends_at=_moment(row["ends_at"]) if row["ends_at"] else None,
        labels=json.loads(row["labels"]),
        annotations=json.loads(row["annotations"]),
    )
