"""The verdicts on an incident, on disk: one row for each time that the diagnosis changed its mind."""

import sqlite3
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError

from diagnosis import Verdict
from services.incidents.waves import MOST

KEPT = 20
"""Verdicts per wave of an incident; of more, the newest."""


class DatedVerdict(BaseModel):
    """A verdict, when it was first reached, and when it was last confirmed with newer evidence."""

    made_at: datetime
    revised_at: datetime
    verdict: Verdict
    wave_at: float = Field(exclude=True)


def add_verdict(
    connection: sqlite3.Connection, incident_id: int, now: datetime, verdict: Verdict, wave_at: float = 0.0
) -> bool:
    """Keep a verdict: in place of the last one if domain and cause are the same; whether it is a new one."""
    opinion = f"{verdict.domain} {verdict.cause}"
    values = (now.timestamp(), verdict.model_dump_json())
    last = connection.execute(
        "SELECT id, opinion FROM verdicts WHERE incident_id = ? AND wave_at = ? ORDER BY id DESC LIMIT 1",
        (incident_id, wave_at),
    ).fetchone()
    if last and last["opinion"] == opinion:
        connection.execute(
            "UPDATE verdicts SET revised_at = ?, verdict = ? WHERE id = ?", (*values, last["id"])
        )
        return False
    connection.execute(
        "INSERT INTO verdicts (incident_id, wave_at, made_at, opinion, revised_at, verdict)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (incident_id, wave_at, now.timestamp(), opinion, *values),
    )
    _forget(connection, incident_id, wave_at)
    return True


def _forget(connection: sqlite3.Connection, incident_id: int, wave_at: float) -> None:
    """All but the newest KEPT of the wave, and all of waves beyond the first and the newest."""
    connection.execute(
        "DELETE FROM verdicts WHERE incident_id = ?1 AND wave_at = ?2 AND id NOT IN"
        " (SELECT id FROM verdicts WHERE incident_id = ?1 AND wave_at = ?2 ORDER BY id DESC LIMIT ?3)",
        (incident_id, wave_at, KEPT),
    )
    connection.execute(
        "DELETE FROM verdicts WHERE incident_id = ?1 AND wave_at NOT IN"
        " (SELECT min(wave_at) FROM verdicts WHERE incident_id = ?1 UNION SELECT * FROM"
        " (SELECT DISTINCT wave_at FROM verdicts WHERE incident_id = ?1 ORDER BY wave_at DESC LIMIT ?2))",
        (incident_id, MOST),
    )


def select_verdicts(connection: sqlite3.Connection, incident_id: int) -> list[DatedVerdict]:
    """The verdicts on an incident, newest first; those of another version's form are left out."""
    return _select(connection, "incident_id = ?1", incident_id)


def select_standing(connection: sqlite3.Connection, incident_id: int) -> list[DatedVerdict]:
    """The newest verdict on each wave of an incident, the oldest first."""
    newest = "id IN (SELECT max(id) FROM verdicts WHERE incident_id = ?1 GROUP BY wave_at)"
    return _select(connection, newest, incident_id)[::-1]


def _select(connection: sqlite3.Connection, condition: str, incident_id: int) -> list[DatedVerdict]:
    rows = connection.execute(
        f"SELECT made_at, revised_at, verdict, wave_at FROM verdicts WHERE {condition} ORDER BY id DESC",
        (incident_id,),
    ).fetchall()
    return [dated for row in rows if (dated := _read(row))]


def select_unfinished(connection: sqlite3.Connection, limit: int, since: datetime) -> list[int]:
    """Incidents with an alert begun after `since` that fire, or have no verdict from after their end."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE id IN (SELECT incident_id FROM alerts WHERE starts_at > ?)"
        " AND (ended_at IS NULL OR NOT EXISTS ("
        " SELECT 1 FROM verdicts WHERE incident_id = incidents.id AND revised_at >= ended_at))"
        " ORDER BY id DESC LIMIT ?",
        (since.timestamp(), limit),
    )
    return [row["id"] for row in rows]


def _read(row: sqlite3.Row) -> DatedVerdict | None:
    try:
        verdict = Verdict.model_validate_json(row["verdict"])
    except ValidationError:
        return None
    return DatedVerdict(
        made_at=datetime.fromtimestamp(row["made_at"], UTC),
        revised_at=datetime.fromtimestamp(row["revised_at"], UTC),
        verdict=verdict,
        wave_at=row["wave_at"],
    )
