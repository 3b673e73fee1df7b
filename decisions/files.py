"""Files to which several processes add lines: one at a time, on disk before anybody is told so."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PATIENCE = 10.0
"""Seconds to wait for another writer, which takes milliseconds."""
RETRY = 0.01


@contextmanager
def open_alone(path: Path) -> Iterator[BinaryIO]:
    """The file to read and write, with nobody else in here; it and its folder are made if need be.

    What was written is on disk afterwards. Raises OSError, also if others do not let go of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        _lock(file)
        new = not os.fstat(file.fileno()).st_size
        yield file
        file.flush()
        os.fsync(file.fileno())
        if new:
            _sync_folder(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Add a line on its own, also after half a line that a crash has left. Raises OSError."""
    with open_alone(path) as file:
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            file.write(b"\n")
        file.write(line + b"\n")


def _lock(file: BinaryIO) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError(f"another process has held it for {PATIENCE:g} s") from None
            time.sleep(RETRY)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
