"""Incidents on disk."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from pydantic_core import from_json

from diagnosis import Verdict
from services.incidents.alerts import history
from services.incidents.alerts.dead_letters import DeadLetter, add_letters, select_letters
from services.incidents.alerts.grouping import ALERTS_PER_INCIDENT, Connect, Grouping, connect_all
from services.incidents.alerts.waves import choose_headline, doubt, find_wave, split_waves
from services.incidents.alerts.webhooks import Refused
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.connection import Connection
from services.incidents.incident import SENT_START, Alert, Incident

MOST_OPEN = 50
"""Open incidents that are looked at."""

INCIDENT, VERDICT, CONFIRMATION = "incident", "verdict", "confirmation"
"""Changes that other replicas hear of: an incident, another verdict on it, the same one again."""

AT_ONCE = 250
"""Alerts that one transaction stores, at most."""

READ = 8_000
"""Alerts that stay in memory as they were read last: lists of incidents are read again and again."""


class Store:
    """Keeps the newest `kept` incidents. Everything it raises is DatabaseAway.

    `connect` is asked for each alert, in a thread, and must not wait for anything.
    """

    def __init__(self, database: AsyncDatabase, kept: int, connect: Connect = connect_all) -> None:
        self._database = database
        self._kept = kept
        self._connect = connect

    def close(self) -> None:
        self._database.close()

    async def record(self, alerts: Sequence[Alert]) -> list[Incident]:
        """Store the alerts, on disk on return; give back the incidents that changed.

        Of many alerts, each AT_ONCE are a transaction: if a later one fails, the earlier ones stay.
        """
        changed: dict[int, Incident] = {}
        for first in range(0, len(alerts), AT_ONCE):
            incidents = await self._database.write(self._record, alerts[first : first + AT_ONCE])
            changed |= {incident.id: incident for incident in incidents}
        return list(changed.values())

    async def find(self, incident_id: int) -> Incident | None:
        """One incident, or None."""
        incidents = await self._database.read(_select, "id = :value", incident_id, 1)
        return incidents[0] if incidents else None

    async def select(self, limit: int, before: int | None = None) -> list[Incident]:
        """At most `limit` incidents, newest first, older than the one with the id `before`."""
        return await self._database.read(_select, "id < :value", before or 2**63 - 1, limit)

    async def select_open(self) -> list[Incident]:
        """The newest MOST_OPEN incidents that still fire, newest first."""
        return await self._database.read(_select, "ended_at IS NULL AND id > :value", 0, MOST_OPEN)

    async def select_user_impact(
        self, start: datetime, end: datetime, services: Collection[str]
    ) -> list[str]:
        """Names of alerts on user impact that fired between two times, each once, oldest first.

        Of these services; of any, where none is given.
        """
        fired = await self._database.read(_select_fired, start.timestamp(), end.timestamp())
        impact = (
            alert for alert in fired if alert.has_user_impact and (not services or alert.service in services)
        )
        return list(dict.fromkeys(alert.name for alert in impact))

    async def count_firing(self) -> int:
        """How many incidents still fire; fails if the database cannot be read."""
        return await self._database.read(_count_firing)

    async def add_verdict(
        self, incident_id: int, now: datetime, verdict: Verdict, wave_at: datetime | None = None
    ) -> bool:
        """Keep a verdict on a wave, without one on the first; whether it is another than the wave had.

        Nothing if the incident is gone.
        """
        at = wave_at.timestamp() if wave_at else 0.0
        return await self._database.write(self._add_verdict, incident_id, now, verdict, at)

    async def select_verdicts(self, incident_id: int) -> list[history.DatedVerdict]:
        """An incident's verdicts, newest first."""
        return await self._database.read(history.select_verdicts, incident_id)

    async def select_unfinished(self, limit: int, since: datetime) -> list[int]:
        """Ids of incidents begun after `since` that need a diagnosis, newest first."""
        return await self._database.read(history.select_unfinished, limit, since)

    async def add_dead_letters(self, at: datetime, refused: list[Refused]) -> None:
        """Store what was refused of one webhook."""
        await self._database.write(add_letters, at, refused)

    async def select_dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest dead letters, newest first."""
        return await self._database.read(select_letters, limit)

    async def read_heartbeat(self) -> tuple[datetime | None, datetime | None]:
        """When the last heartbeat came, and since when they have been missing."""
        return await self._database.read(_read_heartbeat)

    async def write_heartbeat(self, last: datetime | None, silent_since: datetime | None) -> None:
        await self._database.write(_write_heartbeat, last, silent_since)

    def _record(self, connection: Connection, alerts: Sequence[Alert]) -> list[Incident]:
        grouping = Grouping(connection)
        changed = {each for alert in alerts if (each := self._put(connection, grouping, alert)) is not None}
        for incident_id in changed:
            _span(connection, incident_id)
        self._forget(connection)
        for incident_id in changed:
            self._database.announce(connection, INCIDENT, incident_id)
        return [found for each in changed for found in _select(connection, "id = :value", each, 1)]

    def _put(self, connection: Connection, grouping: Grouping, alert: Alert) -> int | None:
        """Store one alert; return its incident, or None if nothing is new: one that ended stays ended."""
        start = _find_start(connection, alert)
        key = {"fingerprint": alert.fingerprint, "starts_at": start}
        known = connection.execute(
            "SELECT incident_id, ends_at FROM alerts"
            " WHERE fingerprint = :fingerprint AND starts_at = :starts_at",
            key,
        ).fetchone()
        if known is None:
            return self._add(connection, grouping, alert)
        if known["ends_at"] is not None or alert.ends_at is None:
            return None
        connection.execute(
            "UPDATE alerts SET ends_at = :ends_at"
            " WHERE fingerprint = :fingerprint AND starts_at = :starts_at",
            {**key, "ends_at": alert.ends_at.timestamp()},
        )
        grouping.end(known["incident_id"], alert, start, alert.ends_at.timestamp())
        return int(known["incident_id"])

    def _add(self, connection: Connection, grouping: Grouping, alert: Alert) -> int:
        incident_id = grouping.choose(alert, self._connect(alert.service))
        if incident_id is None:
            incident_id = connection.execute(
                "INSERT INTO incidents (started_at) VALUES (:started_at) RETURNING id",
                {"started_at": alert.starts_at.timestamp()},
            ).fetchone()["id"]
        values = {
            "incident_id": incident_id,
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at.timestamp(),
            "ends_at": alert.ends_at.timestamp() if alert.ends_at else None,
            "name": alert.name,
            "severity": alert.severity,
            "component": alert.component,
            "labels": json.dumps(alert.labels),
            "annotations": json.dumps(alert.annotations),
            "service": alert.service,
        }
        connection.execute(
            f"INSERT INTO alerts ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)})",
            values,
        )
        grouping.add(incident_id, alert)
        return int(incident_id)

    def _forget(self, connection: Connection) -> None:
        connection.execute(
            "DELETE FROM incidents WHERE id <= (SELECT max(id) FROM incidents) - :kept", {"kept": self._kept}
        )

    def _add_verdict(
        self, connection: Connection, incident_id: int, now: datetime, verdict: Verdict, wave_at: float
    ) -> bool:
        known = connection.execute("SELECT 1 FROM incidents WHERE id = :id", {"id": incident_id}).fetchone()
        if known is None:
            return False
        new = history.add_verdict(connection, incident_id, now, verdict, wave_at)
        self._database.announce(connection, VERDICT if new else CONFIRMATION, incident_id)
        return new


def _find_start(connection: Connection, alert: Alert) -> float:
    """The start as unix seconds; a start in the future was replaced by the time of its first webhook."""
    if sent := alert.annotations.get(SENT_START):
        rows = connection.execute(
            "SELECT starts_at, annotations FROM alerts WHERE fingerprint = :fingerprint"
            " ORDER BY starts_at DESC LIMIT :limit",
            {"fingerprint": alert.fingerprint, "limit": ALERTS_PER_INCIDENT},
        )
        for row in rows:
            if json.loads(row["annotations"]).get(SENT_START) == sent:
                return float(row["starts_at"])
    return alert.starts_at.timestamp()


def _span(connection: Connection, incident_id: int) -> None:
    """An incident lasts from the start of its first alert to the end of its last."""
    connection.execute(
        "UPDATE incidents SET (started_at, ended_at) = ("
        " SELECT min(starts_at), CASE WHEN count(*) = count(ends_at) THEN max(ends_at) END"
        " FROM alerts WHERE incident_id = incidents.id) WHERE id = :id",
        {"id": incident_id},
    )


def _select(connection: Connection, condition: str, value: int, limit: int) -> list[Incident]:
    chosen = f"SELECT id FROM incidents WHERE {condition} ORDER BY id DESC LIMIT :limit"
    values = {"value": value, "limit": limit}
    alerts = connection.execute(
        f"SELECT * FROM alerts WHERE incident_id IN ({chosen})"
        " ORDER BY incident_id DESC, starts_at, name, fingerprint",
        values,
    )
    verdicts = history.select_standing(connection, chosen, values)
    return [
        _build(incident_id, [_read_alert(row) for row in rows], verdicts.get(incident_id, []))
        for incident_id, rows in groupby(alerts, itemgetter("incident_id"))
    ]


def _build(incident_id: int, alerts: list[Alert], verdicts: list[history.DatedVerdict]) -> Incident:
    waves = split_waves(alerts)
    for dated in verdicts:
        if wave := find_wave(waves, dated.wave_at):
            wave.verdict = doubt(dated.verdict, wave.user_impact)
    ends = [alert.ends_at for alert in alerts if alert.ends_at]
    over = len(ends) == len(alerts)
    return Incident(
        id=incident_id,
        status="resolved" if over else "firing",
        started_at=alerts[0].starts_at,
        ended_at=max(ends) if over else None,
        alerts=alerts,
        verdict=choose_headline(waves),
        waves=waves,
    )


def _select_fired(connection: Connection, start: float, end: float) -> list[Alert]:
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM alerts"
        " WHERE starts_at <= :end AND (ends_at IS NULL OR ends_at >= :start) ORDER BY starts_at",
        {"start": start, "end": end},
    )
    return [_read_alert(row) for row in rows]


def _count_firing(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) AS number FROM incidents WHERE ended_at IS NULL").fetchone()
    return int(row["number"])


def _read_heartbeat(connection: Connection) -> tuple[datetime | None, datetime | None]:
    row = connection.execute("SELECT last_at, silent_since FROM heartbeat").fetchone()
    last, silent = row["last_at"], row["silent_since"]
    return _moment(last) if last else None, _moment(silent) if silent else None


def _write_heartbeat(connection: Connection, last: datetime | None, silent_since: datetime | None) -> None:
    moments = {"last": last, "silent": silent_since}
    connection.execute(
        "UPDATE heartbeat SET last_at = :last, silent_since = :silent",
        {name: moment.timestamp() if moment else None for name, moment in moments.items()},
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _read_alert(row: Any) -> Alert:
    return _make_alert(*(row[name] for name in _COLUMNS))


_COLUMNS = ("fingerprint", "name", "severity", "starts_at", "ends_at", "labels", "annotations")


@lru_cache(READ)
def _make_alert(
    fingerprint: str,
    name: str,
    severity: str,
    starts_at: float,
    ends_at: float | None,
    labels: str,
    annotations: str,
) -> Alert:
    return Alert.model_construct(  # it was checked when it came
        fingerprint=fingerprint,
        name=name,
        status="resolved" if ends_at else "firing",
        severity=severity,
        starts_at=_moment(starts_at),
        ends_at=_moment(ends_at) if ends_at else None,
        labels=from_json(labels),
        annotations=from_json(annotations),
    )
