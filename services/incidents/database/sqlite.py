"""The inbox's data in one file, for one process: one connection writes, one reads, each in
one thread at a time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.incidents.database import schema
from services.incidents.database.connection import Connection, DatabaseAway, name_reason

BUSY_TIMEOUT = 5.0


class SQLite:
    """A Database in the file `path`, made if missing, at the newest schema. Raises DatabaseAway."""

    readers = 1
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        try:
            self._writer = _open(path)
            self._reader = _connect(path)
        except (OSError, sqlite3.Error, DatabaseAway) as error:
            raise DatabaseAway(f"cannot open {path}: {name_reason(error)}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that neither waits for the one that writes nor holds it up."""
        self._reader.execute("BEGIN")
        try:
            yield self._reader
        finally:
            if self._reader.in_transaction:
                self._reader.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that takes the file's write lock at once."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:  # on a full disk SQLite may have ended it
                self._writer.execute("ROLLBACK")
            raise

    def announce(self, connection: Connection, change: str, incident_id: int) -> None:
        """There is nobody to tell: a file has one process."""

    def continue_ids(self, connection: Connection, table: str) -> None:
        """SQLite does so by itself."""

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Take the schema forward, one transaction per step."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    schema.check_version(version)
    for number, step in enumerate(schema.MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
