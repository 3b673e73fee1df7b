"""The verdicts on an incident, on disk: one row for each time that the diagnosis changed its mind."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from diagnosis import Verdict
from services.incidents.alerts.waves import MOST
from services.incidents.database.connection import Connection

KEPT = 20
"""Verdicts per wave of an incident; of more, the newest."""


class DatedVerdict(BaseModel):
    """A verdict, when it was first reached, and when it was last confirmed with newer evidence."""

    made_at: datetime
    revised_at: datetime
    verdict: Verdict
    wave_at: float = Field(exclude=True)


def add_verdict(
    connection: Connection, incident_id: int, now: datetime, verdict: Verdict, wave_at: float = 0.0
) -> bool:
    """Keep a verdict: in place of the last one if domain and cause are the same; whether it is a new one."""
    opinion = f"{verdict.domain} {verdict.cause}"
    wave = {"incident": incident_id, "wave_at": wave_at}
    values = {"now": now.timestamp(), "verdict": verdict.model_dump_json()}
    last = connection.execute(
        "SELECT id, opinion FROM verdicts WHERE incident_id = :incident AND wave_at = :wave_at"
        " ORDER BY id DESC LIMIT 1",
        wave,
    ).fetchone()
    if last and last["opinion"] == opinion:
        connection.execute(
            "UPDATE verdicts SET revised_at = :now, verdict = :verdict WHERE id = :id",
            {**values, "id": last["id"]},
        )
        return False
    connection.execute(
        "INSERT INTO verdicts (incident_id, wave_at, made_at, opinion, revised_at, verdict)"
        " VALUES (:incident, :wave_at, :now, :opinion, :now, :verdict)",
        {**wave, **values, "opinion": opinion},
    )
    _forget(connection, incident_id, wave_at)
    return True


def _forget(connection: Connection, incident_id: int, wave_at: float) -> None:
    """All but the newest KEPT of the wave, and all of waves beyond the first and the newest."""
    connection.execute(
        "DELETE FROM verdicts WHERE incident_id = :incident AND wave_at = :wave_at AND id NOT IN"
        " (SELECT id FROM verdicts WHERE incident_id = :incident AND wave_at = :wave_at"
        " ORDER BY id DESC LIMIT :kept)",
        {"incident": incident_id, "wave_at": wave_at, "kept": KEPT},
    )
    connection.execute(
        "DELETE FROM verdicts WHERE incident_id = :incident AND wave_at NOT IN"
        " (SELECT min(wave_at) FROM verdicts WHERE incident_id = :incident UNION SELECT wave_at FROM"
        " (SELECT DISTINCT wave_at FROM verdicts WHERE incident_id = :incident"
        " ORDER BY wave_at DESC LIMIT :most) AS newest)",
        {"incident": incident_id, "most": MOST},
    )


def select_verdicts(connection: Connection, incident_id: int) -> list[DatedVerdict]:
    """The verdicts on an incident, newest first; those of another version's form are left out."""
    rows = connection.execute(
        "SELECT * FROM verdicts WHERE incident_id = :incident ORDER BY id DESC", {"incident": incident_id}
    )
    return [dated for row in rows if (dated := _read(row))]


def select_standing(
    connection: Connection, incidents: str, values: Mapping[str, Any]
) -> dict[int, list[DatedVerdict]]:
    """The newest verdict on each wave of the incidents whose ids a SELECT gives, the oldest first."""
    rows = connection.execute(
        "SELECT * FROM verdicts WHERE id IN (SELECT max(id) FROM verdicts"
        f" WHERE incident_id IN ({incidents}) GROUP BY incident_id, wave_at) ORDER BY id",
        values,
    )
    standing: dict[int, list[DatedVerdict]] = {}
    for row in rows:
        if dated := _read(row):
            standing.setdefault(row["incident_id"], []).append(dated)
    return standing


def select_unfinished(connection: Connection, limit: int, since: datetime) -> list[int]:
    """Incidents with an alert begun after `since` that fire, or have no verdict from after their end."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE id IN (SELECT incident_id FROM alerts WHERE starts_at > :since)"
        " AND (ended_at IS NULL OR NOT EXISTS ("
        " SELECT 1 FROM verdicts WHERE incident_id = incidents.id AND revised_at >= ended_at))"
        " ORDER BY id DESC LIMIT :limit",
        {"since": since.timestamp(), "limit": limit},
    )
    return [row["id"] for row in rows]


def _read(row: Any) -> DatedVerdict | None:
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
