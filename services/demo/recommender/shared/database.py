"""Answers and feedback in SQLite, for several processes; each method is one transaction, of one thread.

An answer is closed by the worker that changes its row first, so by one only, whoever gave it.
"""

import fcntl
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shown import Closed, Event, ItemNotShown, Reaction, Shown, UnknownRequest

SETTLING = 1.0
"""Seconds that clicks in time have to reach the store before their answer is labelled."""

BUSY = 0.25
"""Seconds that a transaction waits for another process's."""

CLOSED_AT_ONCE = 1_000
LEAST_PAGES, PAGES_PER_ANSWER = 256, 0.5
"""Bound on the file, in pages of 4 KiB; an answer of 10 items with its feedback takes a twentieth."""

SETTINGS = ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON")
"""Nothing waits for the disk: a killed process loses nothing by it, and what a crash of the machine leaves is
not read again."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL,
    shown_at REAL NOT NULL,
    item_ids BLOB NOT NULL,
    source TEXT NOT NULL,
    version TEXT NOT NULL,
    segment TEXT NOT NULL,
    user_group TEXT NOT NULL,
    open INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS age ON answers (shown_at);
CREATE INDEX IF NOT EXISTS open_age ON answers (shown_at) WHERE open;
CREATE TABLE IF NOT EXISTS reactions (
    answer INTEGER NOT NULL REFERENCES answers ON DELETE CASCADE,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (answer, position, event)
) WITHOUT ROWID;
"""
INSERT = """
INSERT OR IGNORE INTO answers
    (request_id, user_id, shown_at, item_ids, source, version, segment, user_group)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
CLOSE = """
UPDATE answers SET open = 0
WHERE id IN (SELECT id FROM answers WHERE open AND shown_at <= ? ORDER BY shown_at LIMIT ?)
RETURNING source, version, segment, user_group, user_id, item_ids,
    (SELECT group_concat(position) FROM reactions
     WHERE answer = answers.id AND event = ? AND at < answers.shown_at + ?)
"""
Joined = Labels | None | UnknownRequest | ItemNotShown
"""What became of a reaction: its answer's labels, None if it was there before, or what is wrong with it."""

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KINDS = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    **dict.fromkeys(_CORRUPT, "corrupt"),
}


class StoreDeleted(sqlite3.OperationalError):
    """The file is gone, with the answers in it; the next transaction begins a new one."""


def kind_of(error: sqlite3.Error) -> str:
    """deleted, locked, full, corrupt, or unavailable."""
    return "deleted" if isinstance(error, StoreDeleted) else _KINDS.get(_code(error), "unavailable")


class Written(NamedTuple):
    """What became of each entry, None for an answer; how many answers were pushed out before their label."""

    joined: Sequence[Joined]
    pushed_out: int


class Database:
    """The store as one worker sees it. Everything it raises is sqlite3.Error."""

    def __init__(self, folder: Path, settings: RecommenderSettings, settling: float = SETTLING) -> None:
        self._folder = folder
        self._window = settings.attribution_window
        self._retention = settings.feedback_retention
        self._capacity = settings.feedback_capacity
        self._settling = settling
        self._number = 0
        self._connection: sqlite3.Connection | None = None

    def write(self, batch: Sequence[Shown | Reaction]) -> Written:
        """Take in answers, then reactions."""
        with self._transaction() as connection:
            connection.executemany(INSERT, (_pack(entry) for entry in batch if isinstance(entry, Shown)))
            pushed_out = self._push_out(connection)
            joined = [_join(connection, entry) if isinstance(entry, Reaction) else None for entry in batch]
            return Written(joined, pushed_out)

    def close_windows(self, now: float) -> Sequence[Closed]:
        """Close the answers that are due, at most 1,000; forget those that are too old."""
        due = now - self._window - self._settling
        with self._transaction() as connection:
            closed = connection.execute(CLOSE, (due, CLOSED_AT_ONCE, Event.CLICK, self._window)).fetchall()
            too_old = now - self._retention
            connection.execute("DELETE FROM answers WHERE shown_at < ? AND NOT open", (too_old,))
        return [
            Closed(
                Labels(Source(source), version, segment, group),
                user_id,
                tuple(array("q", packed)),
                _parse_places(clicked),
            )
            for source, version, segment, group, user_id, packed, clicked in closed
        ]

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    @property
    def _path(self) -> Path:
        return self._folder / f"answers-{self._number}.db"

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connect()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            self._recover(error)
            raise

    def _connect(self) -> sqlite3.Connection:
        if self._connection and not self._path.exists():
            self.close()
            raise StoreDeleted(f"{self._path} was deleted")
        return self._connection or self._open()

    def _open(self) -> sqlite3.Connection:
        """Open the newest file; where there is none, make one after the last that was known.

        Never under the same name: SQLite deletes the log of a file that it closes by name.
        """
        pages = LEAST_PAGES + int(PAGES_PER_ANSWER * self._capacity)
        try:
            with _one_at_a_time(self._folder):
                self._number = max(_numbers(self._folder), default=self._number + 1)
                connection = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None)
                try:
                    for setting in (*SETTINGS, f"max_page_count = {pages}"):
                        connection.execute(f"PRAGMA {setting}")
                    connection.executescript(SCHEMA)
                except sqlite3.Error:
                    connection.close()
                    raise
        except OSError as error:
            raise sqlite3.OperationalError(f"{self._folder}: {error.strerror}") from error
        self._connection = connection
        return connection

    def _recover(self, error: BaseException) -> None:
        """Leave nothing half done, and a corrupt file to nobody."""
        with suppress(sqlite3.Error):
            if self._connection and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if _code(error) in _CORRUPT:
            self.close()
            with suppress(OSError):
                (self._folder / f"answers-{self._number + 1}.db").touch()
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def _push_out(self, connection: sqlite3.Connection) -> int:
        rows = connection.execute(
            "DELETE FROM answers WHERE id <= (SELECT max(id) FROM answers) - ? RETURNING open",
            (self._capacity,),
        ).fetchall()
        return sum(is_open for (is_open,) in rows)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """One worker at a time."""
    with open(folder / "opening.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _numbers(folder: Path) -> Iterator[int]:
    return (int(path.stem.removeprefix("answers-")) for path in folder.glob("answers-*.db"))


def _pack(shown: Shown) -> tuple[str, int, float, bytes, str, str, str, str]:
    packed = array("q", shown.item_ids).tobytes()
    return (shown.request_id, shown.user_id, shown.at, packed, *shown.labels)


def _join(connection: sqlite3.Connection, reaction: Reaction) -> Joined:
    row = connection.execute(
        "SELECT id, item_ids, source, version, segment, user_group FROM answers WHERE request_id = ?",
        (reaction.request_id,),
    ).fetchone()
    if row is None:
        return UnknownRequest(reaction.request_id)
    answer, packed, source, version, segment, group = row
    item_ids = array("q", packed)
    if reaction.item_id not in item_ids:
        return ItemNotShown(reaction)
    added = connection.execute(
        "INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?)",
        (answer, item_ids.index(reaction.item_id), reaction.event, reaction.at),
    ).rowcount
    return Labels(Source(source), version, segment, group) if added else None


def _parse_places(text: str | None) -> tuple[int, ...]:
    return tuple(sorted(map(int, text.split(",")))) if text else ()


def _code(error: BaseException) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
