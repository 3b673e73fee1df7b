"""What the inbox's two databases have in common: one set of statements, in one transaction or another.

Statements are SQL that SQLite and PostgreSQL both know, with named parameters (`:name`).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class DatabaseAway(RuntimeError):
    """The database cannot be opened, read or written; the message says why in one line."""


class Rows(Protocol):
    """The result of a statement; each row gives its values by the names of the columns."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A transaction under way."""

    def execute(self, statement: str, values: Mapping[str, Any] = ..., /) -> Rows: ...
    def executemany(self, statement: str, values: Iterable[Mapping[str, Any]], /) -> Any: ...


class Database(Protocol):
    """Where the inbox keeps its data. Everything it raises is in `errors`."""

    readers: int
    """Transactions at once that read, at most, beside the one that writes."""
    errors: tuple[type[Exception], ...]

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the data."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction on disk at its end, or undone if it fails; the only one that writes meanwhile."""
        ...

    def announce(self, connection: Connection, change: str, incident_id: int) -> None:
        """Tell the other replicas, once the transaction is on disk."""
        ...

    def continue_ids(self, connection: Connection, table: str) -> None:
        """Number new rows of a table after those that were inserted with their ids."""
        ...

    def close(self) -> None: ...


def name_reason(error: Exception) -> str:
    """What a driver says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
