"""`make migrate`: all that the inbox keeps, from one database into another that is empty.

In one transaction of the target, which ends only if what is read back from it has the same contents. Nobody
writes into the source meanwhile.
"""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from services.incidents.database.connection import Connection, Database, DatabaseAway, name_reason
from services.incidents.database.location import is_server, name_location, open_database

KEYS: Mapping[str, tuple[str, ...]] = {
    "incidents": ("id",),
    "alerts": ("fingerprint", "starts_at"),
    "verdicts": ("id",),
    "dead_letters": ("id",),
    "heartbeat": (),
    "tokens": ("name",),
}
"""The tables, each after those that it refers to, with their keys; `heartbeat` always has one row."""

BATCH = 500
"""Rows in memory at once."""


class NotMoved(RuntimeError):
    """Nothing was moved; the message says why in one line."""


class Contents(NamedTuple):
    """The number of rows of a table, and a hash of them in any order."""

    rows: int
    digest: int


def move(source: Database, target: Database) -> dict[str, int]:
    """Copy everything; the number of rows of each table. Raises NotMoved, and what the databases raise."""
    with target.writing() as written:
        _check_empty(written)
        with source.writing() as read:
            sent = {table: _copy(read, written, table) for table in KEYS}
        for table, contents in sent.items():
            if _digest(_read(written, table)) != contents:
                raise NotMoved(f"the table {table} does not read back as it was written")
            if KEYS[table] == ("id",):
                target.continue_ids(written, table)
    return {table: contents.rows for table, contents in sent.items()}


def _check_empty(connection: Connection) -> None:
    for table, key in KEYS.items():
        if key and connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
            raise NotMoved(f"the target is not empty, its table {table} has rows: give an empty one")


def _copy(source: Connection, target: Connection, table: str) -> Contents:
    target.execute(f"DELETE FROM {table}")

    def copied() -> Iterator[list[dict[str, Any]]]:
        for rows in _read(source, table):
            names = rows[0].keys()
            target.executemany(
                f"INSERT INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join(f':{name}' for name in names)})",
                rows,
            )
            yield rows

    return _digest(copied())


def _read(connection: Connection, table: str) -> Iterator[list[dict[str, Any]]]:
    """All rows, BATCH at a time, in the order of the key."""
    key = KEYS[table]
    names, places = ", ".join(key), ", ".join(f":{name}" for name in key)
    order = f" ORDER BY {names} LIMIT {BATCH}" if key else ""
    rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}{order}")]
    while rows:
        yield rows
        if len(rows) < BATCH:
            return
        after = f"SELECT * FROM {table} WHERE ({names}) > ({places}){order}"
        last = {name: rows[-1][name] for name in key}
        rows = [dict(row) for row in connection.execute(after, last)]


def _digest(batches: Iterator[list[dict[str, Any]]]) -> Contents:
    """A sum of hashes: databases sort texts differently."""
    number = total = 0
    for rows in batches:
        number += len(rows)
        for row in rows:
            content = repr(sorted(row.items())).encode()
            total += int.from_bytes(hashlib.sha256(content).digest())
    return Contents(number, total % 2**256)


def _open(location: str) -> Database:
    try:
        return open_database(location)
    except DatabaseAway as away:
        raise NotMoved(str(away)) from away


def migrate(source: str, target: str) -> dict[str, int]:
    """Move from one location to another; the number of rows of each table. Raises NotMoved."""
    if not is_server(source) and not Path(source).is_file():
        raise NotMoved(f"there is no file {source}")
    with closing(_open(source)) as old, closing(_open(target)) as new:
        errors: tuple[type[Exception], ...] = (DatabaseAway, *old.errors, *new.errors)
        try:
            return move(old, new)
        except errors as error:
            raise NotMoved(name_reason(error)) from error


def main() -> None:
    """Take two locations; exit status 1 with one line on standard error if nothing was moved."""
    if len(sys.argv) != 3:
        raise SystemExit(
            "migrate: say from where to where: FROM=file TO=postgresql://user@host:port/database"
        )
    source, target = sys.argv[1:]
    try:
        moved = migrate(source, target)
    except NotMoved as reason:
        raise SystemExit(f"migrate: nothing was moved: {reason}") from None
    rows = ", ".join(f"{number} {table.replace('_', ' ')}" for table, number in moved.items())
    in_use = target == os.environ.get("INCIDENTS_DATABASE")
    advice = "" if in_use else f" Now set INCIDENTS_DATABASE to {name_location(target)}."
    print(f"Moved and read back: {rows}.{advice}")


if __name__ == "__main__":
    main()
