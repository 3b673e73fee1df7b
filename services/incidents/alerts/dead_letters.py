"""Refused alerts and bodies in the database, with the reason; number and length are bounded."""

from datetime import UTC, datetime

from pydantic import BaseModel

from services.incidents.alerts.webhooks import Refused, replace_nul
from services.incidents.database.connection import Connection

KEPT = 200
"""Rows that are kept, the newest."""

LONGEST = 4_000
"""Characters that are kept of a reason and of a content."""

OF_ONE_WEBHOOK = 20
"""Rows that one webhook may fill alone, so that one sender does not displace all others."""


class DeadLetter(BaseModel):
    """A refused alert or body, or `count` alerts in one row."""

    id: int
    at: datetime
    kind: str
    reason: str
    content: str
    count: int


def add_letters(connection: Connection, at: datetime, refused: list[Refused]) -> None:
    """Insert what was refused of one webhook and delete the oldest rows beyond KEPT."""
    kept, rest = refused[:OF_ONE_WEBHOOK], refused[OF_ONE_WEBHOOK:]
    if rest:
        number = sum(each.number for each in rest)
        kept = [*kept, rest[-1]._replace(reason=f"{rest[-1].reason} (the last of several)", number=number)]
    connection.executemany(
        "INSERT INTO dead_letters (at, kind, reason, content, count)"
        " VALUES (:at, :kind, :reason, :content, :count)",
        [
            {
                "at": at.timestamp(),
                "kind": each.kind,
                "reason": replace_nul(each.reason[:LONGEST]),
                "content": replace_nul(each.content[:LONGEST]),
                "count": each.number,
            }
            for each in kept
        ],
    )
    connection.execute(
        "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - :kept", {"kept": KEPT}
    )


def select_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """The newest `limit` rows, newest first."""
    rows = connection.execute("SELECT * FROM dead_letters ORDER BY id DESC LIMIT :limit", {"limit": limit})
    return [
        DeadLetter.model_validate({**dict(row), "at": datetime.fromtimestamp(row["at"], UTC)}) for row in rows
    ]
