"""A CSV file as rows with line numbers; what is wrong with a row is recorded, never passed over."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, order=True)
class BadRow:
    """One unusable row: its line (from 1), the kind of problem, and the problem in words."""

    line: int
    kind: str
    detail: str


@dataclass
class Table:
    """A file's rows that have the right number of columns, with line numbers, and those that have not."""

    path: Path
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def columns(self, count: int) -> list[Sequence[str]]:
        """The `count` columns, each as long as `rows`."""
        return list(zip(*self.rows, strict=True)) if self.rows else [()] * count


def read_file(path: Path) -> bytes:
    """The file's bytes; raises `DatasetError` if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error


def read_table(path: Path, header: Sequence[str]) -> Table:
    """Read a CSV file line by line (a quoted field cannot span lines, so one bad line spoils no other).

    Raises `DatasetError` if the file is missing, empty or starts with another header.
    """
    lines = read_file(path).removeprefix(b"\xef\xbb\xbf").splitlines()
    if not lines:
        raise DatasetError(f"{path}:1: the file is empty; expected the header {','.join(header)}")
    if lines[0].strip() != ",".join(header).encode():
        found = lines[0][:80].decode(errors="replace")
        raise DatasetError(f"{path}:1: expected the header {','.join(header)}, found {found!r}")
    table = Table(path)
    for number, line in enumerate(lines[1:], start=2):
        _add_line(table, number, line, len(header))
    return table


def _add_line(table: Table, number: int, line: bytes, columns: int) -> None:
    try:
        text = line.decode()
        row = text.split(",") if '"' not in text else next(csv.reader([text], strict=True))
    except UnicodeDecodeError as error:
        detail = f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8"
        table.bad.append(BadRow(number, "bad_encoding", detail))
        return
    except csv.Error as error:
        table.bad.append(BadRow(number, "bad_quoting", f"bad quoting: {error}"))
        return
    if len(row) != columns:
        table.bad.append(BadRow(number, "column_count", f"expected {columns} columns, found {len(row)}"))
        return
    table.lines.append(number)
    table.rows.append(row)
