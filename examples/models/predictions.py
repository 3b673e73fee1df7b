"""Predictions that wait for their outcome, of which any process of a service may hear, and what came then."""

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

MOST, MOST_OUTCOMES = 200_000, 50_000
"""Predictions that wait, and outcomes that are kept to learn from; the oldest go."""
CLEAN_EVERY = 1_000


class Kept(NamedTuple):
    """A prediction as it was made, at `at` Unix seconds."""

    version: str
    prediction: float
    segment: str
    at: float
    features: Mapping[str, Any]


class Outcome(NamedTuple):
    """A case whose outcome was told, at `at` Unix seconds."""

    at: float
    features: Mapping[str, Any]
    outcome: float


class Predictions:
    """A table in a file, for all threads of a process."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS waiting"
            " (id TEXT UNIQUE, version TEXT, prediction REAL, segment TEXT, at REAL, features TEXT)"
        )
        self._connection.execute("CREATE TABLE IF NOT EXISTS outcomes (at REAL, features TEXT, outcome REAL)")
        self._connection.execute("CREATE TABLE IF NOT EXISTS losses (at REAL, version TEXT, loss REAL)")
        self._until_clean = CLEAN_EVERY

    def keep(self, version: str, prediction: float, segment: str, features: Mapping[str, Any]) -> str:
        """Its id from now on."""
        id = uuid4().hex
        row = (id, version, prediction, segment, time.time(), json.dumps(features))
        self._connection.execute("INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?)", row)
        self._until_clean -= 1
        if self._until_clean <= 0:
            self._until_clean = CLEAN_EVERY
            bounds = {"waiting": MOST, "outcomes": MOST_OUTCOMES, "losses": MOST_OUTCOMES}
            for table, most in bounds.items():
                oldest = f"SELECT max(rowid) - ? FROM {table}"
                self._connection.execute(f"DELETE FROM {table} WHERE rowid <= ({oldest})", (most,))
        return id

    def take(self, id: str) -> Kept | None:
        """The prediction of an id, once; None if there is none, or no longer."""
        with self._connection as connection:
            row = connection.execute(
                "DELETE FROM waiting WHERE id = ? RETURNING version, prediction, segment, at, features",
                (id,),
            ).fetchone()
        if row is None:
            return None
        version, prediction, segment, at, features = row
        return Kept(version, prediction, segment, at, json.loads(features))

    def learn(self, features: Mapping[str, Any], outcome: float) -> None:
        """Keep what came of a case."""
        row = (time.time(), json.dumps(features), outcome)
        self._connection.execute("INSERT INTO outcomes VALUES (?, ?, ?)", row)

    def judge(self, version: str, loss: float) -> None:
        """Keep how wrong a version was in a case."""
        self._connection.execute("INSERT INTO losses VALUES (?, ?, ?)", (time.time(), version, loss))

    def read_losses(self, version: str, since: float) -> list[float]:
        """Of a version, of the cases whose outcomes were told since then (Unix seconds)."""
        asked = "SELECT loss FROM losses WHERE version = ? AND at >= ?"
        return [loss for (loss,) in self._connection.execute(asked, (version, since))]

    def read_outcomes(self, since: float, until: float) -> list[Outcome]:
        """Those that were told between two Unix times, in their order."""
        rows = self._connection.execute(
            "SELECT at, features, outcome FROM outcomes WHERE at BETWEEN ? AND ? ORDER BY at", (since, until)
        )
        return [Outcome(at, json.loads(features), outcome) for at, features, outcome in rows]
