"""The file of the trail: entries are added to its end, one a line, by one writer at a time.

A line without a line feed at the end of the file is half an entry: its writer was stopped before `append`
returned. The next writer puts `trail.repaired` in its place, with what was there. Any other line that is not
as it was written, or does not continue the one before, is a change made by other means.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from decisions.audit.entry import FIRST, LARGEST, Change, Entry, write_line
from decisions.files import open_alone

KEPT = 1_000
"""Bytes of half an entry that the repair quotes."""
AUDITOR = "audit trail"


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
        for line in self._read_lines():
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
        """The last entries, by default of all versions and experiments, newest first.

        Lines that are no entries are left out: `verify` names them.
        """
        kept: deque[Entry] = deque(maxlen=most)
        for line in self._read_lines():
            entry = _read(line)
            if entry and (not about or about in entry.versions):
                kept.appendleft(entry)
        return list(kept)

    def _read_lines(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while line := file.readline(LARGEST + 1):
                    yield line
        except FileNotFoundError:
            return
        except OSError as error:
            raise TrailError(f"{self._path} cannot be read: {error.strerror or error}") from None


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
        return Entry.parse(line.removesuffix(b"\n")) if line.endswith(b"\n") else None
    except ValueError:
        return None
