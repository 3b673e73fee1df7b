"""The file of the trail: entries are added to its end, one a line, by one writer at a time.

A line without a line feed at the end of the file is half an entry: its writer was stopped before `append`
returned. The next writer puts `trail.repaired` in its place, with what was there. Any other line that is not
as it was written, or does not continue the one before, is a change made by other means.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from decisions.audit.entry import FIRST, LARGEST, Change, Entry, write_line
from decisions.files import open_alone

KEPT = 1_000
"""Bytes of half an entry that the repair quotes."""
AUDITOR = "audit trail"
BLOCK = 1 << 16
"""Bytes that are read at once from the end."""


class TrailError(Exception):
    """The trail cannot be written or read; the message says why."""


class TrailBroken(TrailError):
    """The trail is not as it was written; the message names the first bad entry."""


@dataclass(frozen=True)
class Verified:
    """A trail that is as it was written."""

    entries: int
    head: str
    """The hash of the last one."""
    half: int
    """Bytes of half an entry after it."""


class Trail:
    """Who changed what; the file and its folder need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, change: Change) -> Entry:
        """Add an entry; it is on disk when this returns. Raises TrailError."""
        try:
            with open_alone(self._path) as file:
                return _append(file, change)
        except OSError as error:
            raise TrailError(f"{self._path} cannot be written: {error.strerror or error}") from None
        except ValueError as error:
            raise TrailError(f"the entry cannot be written: {error}") from None

    def verify(self, seen: str = "") -> Verified:
        """Read all of it; one entry must have the hash `seen`, unless that is empty. Raises TrailBroken."""
        entries, head, half, found = 0, FIRST, 0, not seen
        for line in self._read_lines(_split):
            if not line.endswith(b"\n") and len(line) <= LARGEST:
                half = len(line)
                break
            entry = _check(line, entries, head)
            entries, head = entry.number, entry.hash
            found = found or head == seen
        if not found:
            raise TrailBroken(f"no entry has the hash {seen}: entries were removed or replaced")
        return Verified(entries, head, half)

    def latest(self, most: int, about: str = "") -> list[Entry]:
        """The last entries about a version, an experiment or a model, by default about all, newest first.

        Lines that are no entries are left out: `verify` names them. Without `about`, no more of the file is
        read than so many entries can take.
        """
        within = None if about else most * (LARGEST + 1)
        lines = self._read_lines(partial(_split_back, within=within))
        entries = (entry for line in lines if (entry := _read(line)))
        return list(islice((entry for entry in entries if about in ("", entry.model, *entry.versions)), most))

    def _read_lines(self, split: Callable[[BinaryIO], Iterator[bytes]]) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                yield from split(file)
        except FileNotFoundError:
            return
        except OSError as error:
            raise TrailError(f"{self._path} cannot be read: {error.strerror or error}") from None


def _split(file: BinaryIO) -> Iterator[bytes]:
    """The lines with their line feeds; of one that is too long, pieces."""
    while line := file.readline(LARGEST + 1):
        yield line


def _split_back(file: BinaryIO, within: int | None) -> Iterator[bytes]:
    """The last lines first, without line feeds, of the last bytes or all; half an entry is left out."""
    end = file.seek(0, os.SEEK_END)
    least = 0 if within is None else max(0, end - within)
    kept, half = b"", True
    while end > least:
        begin = max(least, end - BLOCK)
        file.seek(begin)
        kept, *lines = (file.read(end - begin) + kept).split(b"\n")
        yield from reversed(lines[:-1] if half else lines)
        kept, half, end = kept[-LARGEST - 1 :], half and not lines, begin
    if not least and not half:
        yield kept


def _append(file: BinaryIO, change: Change) -> Entry:
    start, last, half = _read_end(file)
    lines: list[bytes] = []
    for each in (*([_describe_repair(half)] if half else []), change):
        number, previous = (last.number, last.hash) if last else (0, FIRST)
        lines.append(write_line(each, number + 1, previous))
        last = Entry.parse(lines[-1])
    file.seek(start)
    file.write(b"".join(line + b"\n" for line in lines))
    file.truncate()
    assert last is not None
    return last


def _read_end(file: BinaryIO) -> tuple[int, Entry | None, bytes]:
    """Where the next entry goes, the entry before it, and the half entry that stands there."""
    size = file.seek(0, os.SEEK_END)
    begin = max(0, size - 2 * LARGEST)
    file.seek(begin)
    *whole, half = file.read().split(b"\n")
    if not whole and begin == 0:
        return 0, None, half
    try:
        return size - len(half), Entry.parse(whole[-1] if whole else b""), half
    except ValueError:
        raise TrailBroken("the last entry is not as it was written: `make audit`") from None


def _describe_repair(half: bytes) -> Change:
    return Change(
        who=AUDITOR,
        what="trail.repaired",
        subject=AUDITOR,
        why="a writer was stopped within an entry, or the disk was full: nobody was told that it is there",
        evidence={
            "bytes": len(half),
            "sha256": hashlib.sha256(half).hexdigest(),
            "text": half[:KEPT].decode(errors="replace"),
        },
    )


def _check(line: bytes, entries: int, head: str) -> Entry:
    """The entry of a line that continues `entries` others, of which the last has the hash `head`."""
    number = entries + 1
    try:
        entry = Entry.parse(line.removesuffix(b"\n"))
    except ValueError:
        raise TrailBroken(f"entry {number} is not as it was written") from None
    if entry.number != number:
        raise TrailBroken(f"entry {number} is missing: entry {entry.number} is in its place")
    if entry.previous != head:
        replaced = f"entry {entries} was replaced" if entries else "what was before entry 1 was removed"
        raise TrailBroken(f"{replaced}: entry {number} continues another one")
    return entry


def _read(line: bytes) -> Entry | None:
    try:
        return Entry.parse(line) if len(line) <= LARGEST else None
    except ValueError:
        return None
