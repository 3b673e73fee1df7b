"""What was sent and could not be used, on disk with the reason: the newest, each cut to a length."""

import sqlite3
from datetime import UTC, datetime

from pydantic import BaseModel

from services.incidents.webhooks import Refused

KEPT = 200
"""Rows that are kept; with LONGEST, so many characters at most."""

LONGEST = 4_000
"""Characters of a content that are kept."""

OF_ONE_WEBHOOK = 20
"""Rows that one webhook may add, so that one sender does not push out all others."""


class DeadLetter(BaseModel):
    """One alert or body that was not taken, or `count` of them for the same reason."""

    id: int
    at: datetime
    kind: str
    reason: str
    content: str
    count: int


def add_letters(connection: sqlite3.Connection, at: datetime, refused: list[Refused]) -> None:
    """Keep what was refused of one webhook, and forget the oldest."""
    kept, rest = refused[:OF_ONE_WEBHOOK], refused[OF_ONE_WEBHOOK:]
    if rest:
        count = sum(each.count for each in rest)
        kept = [*kept, rest[-1]._replace(reason=f"{rest[-1].reason} (and more like it)", count=count)]
    connection.executemany(
        "INSERT INTO dead_letters (at, kind, reason, content, count) VALUES (?, ?, ?, ?, ?)",
        [(at.timestamp(), r.kind, r.reason[:LONGEST], r.content[:LONGEST], r.count) for r in kept],
    )
    connection.execute("DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?", (KEPT,))


def select_letters(connection: sqlite3.Connection, limit: int) -> list[DeadLetter]:
    """At most `limit`, newest first."""
    rows = connection.execute("SELECT * FROM dead_letters ORDER BY id DESC LIMIT ?", (limit,))
    return [
        DeadLetter.model_validate({**dict(row), "at": datetime.fromtimestamp(row["at"], UTC)}) for row in rows
    ]
