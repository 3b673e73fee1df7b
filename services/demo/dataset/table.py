"""Blocks of lines as rows of fields or as arrays of numbers; bad rows are recorded."""

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset.errors import BadRows, DatasetError
from services.demo.dataset.files import read_blocks
from services.demo.dataset.layout import Layout

_BLANK = b"\n "


class Block(NamedTuple):
    """Lines of a file, beginning with number `line` (from 1); the last has no \\n."""

    line: int
    content: bytes

    @property
    def height(self) -> int:
        """The number of lines."""
        return self.content.count(b"\n") + 1

    @property
    def first(self) -> str:
        """The first line."""
        return self.content.partition(b"\n")[0].decode(errors="replace")

    def without_first(self) -> "Block":
        """The lines after the first."""
        return Block(self.line + 1, self.content.partition(b"\n")[2])


class Rows(NamedTuple):
    """Rows of `Layout.width` fields, and their lines int64[n]."""

    lines: NDArray[np.int64]
    fields: list[list[str]]

    def column(self, place: int) -> Sequence[str]:
        """A field of each row, without spaces around it."""
        return [row[place].strip() for row in self.fields]


def number_blocks(path: Path) -> Iterator[Block]:
    """The lines of a file without blank lines at its end; raises `DatasetError`."""
    line, held = 1, b""
    for block in read_blocks(path):
        content = (held + block).rstrip(_BLANK)
        held = (held + block)[len(content) :]
        if content:
            held = held.partition(b"\n")[2]
            numbered = Block(line, content)
            yield numbered
            line += numbered.height
    if line == 1:
        raise DatasetError(f"{path}:1: the file is empty; expected a header such as userId,movieId,rating")


def split_rows(block: Block, layout: Layout, bad: BadRows) -> Rows:
    """The rows of a block; a quoted field cannot span lines, so one bad line spoils no other."""
    lines: list[int] = []
    fields: list[list[str]] = []
    wrong: dict[str, list[tuple[int, str]]] = {}
    for line, content in enumerate(block.content.split(b"\n"), start=block.line):
        row = _split(content, layout)
        if isinstance(row, list):
            lines.append(line)
            fields.append(row)
        else:
            wrong.setdefault(row.kind, []).append((line, row.detail))
    for kind, found in wrong.items():
        bad.add(kind, np.array([line for line, _ in found], np.int64), found[0][1])
    return Rows(np.array(lines, np.int64), fields)


class _Wrong(NamedTuple):
    kind: str
    detail: str


def _split(content: bytes, layout: Layout) -> list[str] | _Wrong:
    try:
        row = layout.split(_decode(content, layout.latin1))
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} of the line is not UTF-8"
        return _Wrong("bad_encoding", f"{where}; save the file as UTF-8")
    except csv.Error as error:
        return _Wrong("bad_quoting", f"bad quoting: {error}")
    if len(row) != layout.width:
        return _Wrong("column_count", f"expected {layout.width} columns, found {len(row)}")
    return row


def _decode(content: bytes, latin1: bool) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        if latin1:
            return content.decode("latin-1")
        raise


def read_numbers(block: Block, layout: Layout, places: Sequence[int]) -> NDArray[np.float64] | None:
    """The columns at `places` as float64[n, len(places)]; None unless the block holds plain numbers only."""
    content, separator = block.content, layout.separator.encode()
    if content.translate(None, b"0123456789.\n" + separator):
        return None
    if content.count(separator) != (layout.width - 1) * block.height:
        return None
    try:
        delimiter = layout.separator if len(separator) == 1 else ","
        plain = BytesIO(content.replace(separator, delimiter.encode()))
        found = np.loadtxt(plain, delimiter=delimiter, usecols=places, ndmin=2, comments=None)
    except ValueError:
        return None
    return found if len(found) == block.height else None
