"""The files of the workers' common folder: the store's, of which the newest counts, and one per worker."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

MOST_WORKERS = 1_000
OCCUPIED = "occupied"


class FolderInUse(Exception):
    """Another recommender has the folder."""


class Place(NamedTuple):
    """A worker's place among the others, from 1; `orphaned` if the one before it there was killed.

    A place is free again when its process is gone, however it ended: the kernel lets go of the lock. Its file
    has the number of `deaths` there, and says whether there is somebody.
    """

    number: int
    deaths: int
    orphaned: bool
    file: IO[str]

    def leave(self) -> None:
        """Say that this worker ends as it should."""
        _note(self.file, str(self.deaths))


def occupy(folder: Path) -> IO[str]:
    """Take the folder for one recommender until the returned file is closed, and empty it.

    Raises `FolderInUse` or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(folder / "recommender.lock")
    if lock is None:
        raise FolderInUse(str(folder))
    for pattern in ("answers-*", "worker-*.lock"):
        for path in folder.glob(pattern):
            path.unlink()
    return lock


def take_place(folder: Path) -> Place:
    """The first place that no living worker has."""
    for number in range(1, MOST_WORKERS + 1):
        file = _lock(folder / f"worker-{number}.lock")
        if file is not None:
            return _take(number, file)
    raise FolderInUse(f"{folder} has {MOST_WORKERS} workers")


def _take(number: int, file: IO[str]) -> Place:
    file.seek(0)
    deaths, *occupied = file.read().split() or ["0"]
    place = Place(number, int(deaths) + len(occupied), bool(occupied), file)
    _note(file, f"{place.deaths} {OCCUPIED}")
    return place


def _note(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()


def newest_store(folder: Path) -> Path:
    """The store's file, there or yet to be made. One that broke is replaced by one of a higher number.

    A new name, as SQLite deletes the log of a file that it closes by name: that would be the new file's.
    """
    return folder / f"answers-{max([1, *_numbers(folder)])}.db"


def replace_store(path: Path) -> None:
    """Leave a broken file for a new one, unless another worker has done it."""
    with locked(path.parent):
        if newest_store(path.parent) == path:
            (path.parent / f"answers-{_number(path) + 1}.db").touch()
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            with suppress(FileNotFoundError):
                (path.parent / name).unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One worker at a time."""
    with open(folder / "replace.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock(path: Path) -> IO[str] | None:
    file = open(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _numbers(folder: Path) -> Iterator[int]:
    return (_number(path) for path in folder.glob("answers-*.db"))


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("answers-"))
