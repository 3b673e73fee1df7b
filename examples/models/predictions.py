"""Predictions that wait for their outcome, of which any process of a service may hear."""

import sqlite3
import time
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

MOST = 200_000
"""Predictions that are kept; the oldest go."""
CLEAN_EVERY = 1_000


class Kept(NamedTuple):
    """A prediction as it was made, at `at` Unix seconds."""

    version: str
    prediction: float
    segment: str
    at: float


class Predictions:
    """A table in a file."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS predictions"
            " (id TEXT UNIQUE, version TEXT, prediction REAL, segment TEXT, at REAL)"
        )
        self._until_clean = CLEAN_EVERY

    def keep(self, version: str, prediction: float, segment: str) -> str:
        """Its id from now on."""
        id = uuid4().hex
        row = (id, version, prediction, segment, time.time())
        self._connection.execute("INSERT INTO predictions VALUES (?, ?, ?, ?, ?)", row)
        self._until_clean -= 1
        if not self._until_clean:
            self._until_clean = CLEAN_EVERY
            oldest = "SELECT max(rowid) - ? FROM predictions"
            self._connection.execute(f"DELETE FROM predictions WHERE rowid <= ({oldest})", (MOST,))
        return id

    def take(self, id: str) -> Kept | None:
        """The prediction of an id, once; None if there is none, or no longer."""
        with self._connection as connection:
            row = connection.execute(
                "DELETE FROM predictions WHERE id = ? RETURNING version, prediction, segment, at", (id,)
            ).fetchone()
        return Kept(*row) if row else None
