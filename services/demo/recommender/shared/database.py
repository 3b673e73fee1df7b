"""Answers and feedback in SQLite, for several processes; each method is one transaction, of one thread.

An answer is closed by whoever changes its row first, so by one process only. It is left to the worker in
the place of the one that gave it; after GRACE any other takes it over.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared.files import locked, newest_store, replace_store
from services.demo.recommender.shown import Closed, Event, ItemNotShown, Reaction, Shown, UnknownRequest

GRACE = 5.0
"""Seconds that an answer waits for its own worker once its window has closed."""

BUSY = 0.25
"""Seconds that a transaction waits for another process's."""

CLOSED_AT_ONCE = 1_000
PAGE = 4_096
PAGES_PER_ANSWER = 0.5
"""Bound on the file: an answer of 10 items with its feedback takes a tenth of it."""

LEAST_PAGES = 256
SETTINGS = (f"page_size = {PAGE}", "journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON")
"""Nothing waits for the disk: a killed process loses nothing by it, and what a crash of the machine leaves is
not read again."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL UNIQUE,
    place INTEGER NOT NULL,
    shown_at REAL NOT NULL,
    item_ids BLOB NOT NULL,
    source TEXT NOT NULL,
    version TEXT NOT NULL,
    segment TEXT NOT NULL,
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
CLOSE = """
UPDATE answers SET open = 0
WHERE id IN (SELECT id FROM answers WHERE open AND shown_at <= :due AND (place = :place OR shown_at <= :left)
             ORDER BY shown_at LIMIT :limit)
RETURNING source, version, segment, length(item_ids) / 8,
    (SELECT group_concat(position) FROM reactions
     WHERE answer = answers.id AND event = 'click' AND at < answers.shown_at + :window)
"""
Written = Labels | None | UnknownRequest | ItemNotShown
"""What became of a reaction: its answer's labels, None if it was there before, or what is wrong with it."""

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KINDS = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    **dict.fromkeys(_CORRUPT, "corrupt"),
}


def kind_of(error: sqlite3.Error) -> str:
    """locked, full, corrupt, or unavailable."""
    return _KINDS.get(_code(error), "unavailable")


class Database:
    """The store as the worker in one place sees it. Everything it raises is sqlite3.Error.

    `late` and `pushed_out` count, until taken, clicks that missed the label of their answer, and answers that
    gave way to newer ones before they were labelled.
    """

    def __init__(self, folder: Path, place: int, settings: RecommenderSettings, settle: float) -> None:
        self._folder = folder
        self._place = place
        self._window = settings.attribution_window
        self._retention = settings.feedback_retention
        self._capacity = settings.feedback_capacity
        self._settle = settle
        self._path = Path()
        self._connection: sqlite3.Connection | None = None
        self.late = self.pushed_out = 0

    def write(self, batch: Iterable[Shown | Reaction]) -> Sequence[Written]:
        """Take in answers and reactions in their order; what became of the reactions."""
        with self._transaction() as connection:
            late, written = 0, list[Written]()
            for entry in batch:
                if isinstance(entry, Shown):
                    self._insert(connection, entry)
                else:
                    found, missed = self._join(connection, entry)
                    written.append(found)
                    late += missed
            pushed_out = self._push_out(connection)
        self.late += late
        self.pushed_out += pushed_out
        return written

    def close_windows(self, now: float) -> Sequence[Closed]:
        """Close the answers that are due, at most 1,000; forget those that are too old."""
        due = now - self._window - self._settle
        values = {
            "due": due,
            "left": due - GRACE,
            "place": self._place,
            "window": self._window,
            "limit": CLOSED_AT_ONCE,
        }
        with self._transaction() as connection:
            rows = connection.execute(CLOSE, values).fetchall()
            connection.execute(
                "DELETE FROM answers WHERE shown_at < ? AND NOT open", (now - self._retention,)
            )
        return [
            Closed(Labels(Source(source), version, segment), shown, _parse_positions(clicked))
            for source, version, segment, shown, clicked in rows
        ]

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

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
        if self._connection is None or not self._path.exists():
            self.close()
            self._open()
        assert self._connection
        return self._connection

    def _open(self) -> None:
        try:
            with locked(self._folder):
                self._path = newest_store(self._folder)
                self._connection = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None)
                pages = LEAST_PAGES + int(PAGES_PER_ANSWER * self._capacity)
                for setting in (*SETTINGS, f"max_page_count = {pages}"):
                    self._connection.execute(f"PRAGMA {setting}")
                self._connection.executescript(SCHEMA)
        except OSError as error:
            raise sqlite3.OperationalError(f"{self._folder}: {error.strerror}") from error

    def _recover(self, error: BaseException) -> None:
        """Leave nothing half done, and a corrupt file to nobody."""
        with suppress(sqlite3.Error):
            if self._connection and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if _code(error) in _CORRUPT:
            self.close()
            with suppress(OSError):
                replace_store(self._path)

    def _insert(self, connection: sqlite3.Connection, shown: Shown) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO answers (request_id, place, shown_at, item_ids, source, version, segment)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (shown.request_id, self._place, shown.at, array("q", shown.item_ids).tobytes(), *shown.labels),
        )

    def _join(self, connection: sqlite3.Connection, reaction: Reaction) -> tuple[Written, bool]:
        """What became of a reaction, and whether it was a click in time whose answer is labelled already."""
        row = connection.execute(
            "SELECT id, item_ids, source, version, segment, open, shown_at FROM answers WHERE request_id = ?",
            (reaction.request_id,),
        ).fetchone()
        if row is None:
            return UnknownRequest(reaction.request_id), False
        answer, packed, source, version, segment, is_open, shown_at = row
        item_ids = array("q", packed)
        if reaction.item_id not in item_ids:
            return ItemNotShown(reaction), False
        added = connection.execute(
            "INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?)",
            (answer, item_ids.index(reaction.item_id), reaction.event.value, reaction.at),
        ).rowcount
        if not added:
            return None, False
        in_time = reaction.event is Event.CLICK and reaction.at < shown_at + self._window
        return Labels(Source(source), version, segment), in_time and not is_open

    def _push_out(self, connection: sqlite3.Connection) -> int:
        rows = connection.execute(
            "DELETE FROM answers WHERE id <= (SELECT max(id) FROM answers) - ? RETURNING open",
            (self._capacity,),
        ).fetchall()
        return sum(is_open for (is_open,) in rows)


def _parse_positions(text: str | None) -> tuple[int, ...]:
    return tuple(sorted(map(int, text.split(",")))) if text else ()


def _code(error: BaseException) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
