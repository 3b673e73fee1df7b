"""The verdicts on an incident, on disk: one row for each time that the diagnosis changed its mind."""

import sqlite3
from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

from diagnosis import Verdict

KEPT = 20
"""Verdicts per incident; of more, the newest."""


class DatedVerdict(BaseModel):
    """A verdict, when it was first reached, and when it was last confirmed with newer evidence."""

    made_at: datetime
    revised_at: datetime
    verdict: Verdict


def add_verdict(connection: sqlite3.Connection, incident_id: int, now: datetime, verdict: Verdict) -> bool:
    """Keep a verdict: in place of the last one if domain and cause are the same; whether it is a new one."""
    opinion = f"{verdict.domain} {verdict.cause}"
    values = (now.timestamp(), verdict.model_dump_json())
    last = connection.execute(
        "SELECT id, opinion FROM verdicts WHERE incident_id = ? ORDER BY id DESC LIMIT 1", (incident_id,)
    ).fetchone()
    if last and last["opinion"] == opinion:
        connection.execute(
            "UPDATE verdicts SET revised_at = ?, verdict = ? WHERE id = ?", (*values, last["id"])
        )
        return False
    connection.execute(
        "INSERT INTO verdicts (incident_id, made_at, opinion, revised_at, verdict) VALUES (?, ?, ?, ?, ?)",
        (incident_id, now.timestamp(), opinion, *values),
    )
    connection.execute(
        "DELETE FROM verdicts WHERE incident_id = ?1 AND id NOT IN"
        " (SELECT id FROM verdicts WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (incident_id, KEPT),
    )
    return True


def select_verdicts(
    connection: sqlite3.Connection, incident_id: int, limit: int = KEPT
) -> list[DatedVerdict]:
    """The newest verdicts on an incident, newest first; those of another version's form are left out."""
    rows = connection.execute(
        "SELECT made_at, revised_at, verdict FROM verdicts WHERE incident_id = ? ORDER BY id DESC LIMIT ?",
        (incident_id, limit),
    ).fetchall()
    return [dated for row in rows if (dated := _read(row))]


def select_unfinished(connection: sqlite3.Connection, limit: int, since: datetime) -> list[int]:
    """Incidents begun after `since` that fire, or have no verdict from after their end; newest first."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE started_at > ? AND (ended_at IS NULL OR NOT EXISTS ("
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
    )
