"""The workers' common folder: whose it is, and which worker has which place."""

import fcntl
from pathlib import Path
from typing import IO

MOST_WORKERS = 1_000


class FolderInUse(Exception):
    """Another recommender has the folder."""


class Place:
    """A worker's place among the others, a `number` from 1, and how many workers were killed in it.

    It is free again when its process is gone, however it ended: the kernel lets go of the lock.
    """

    def __init__(self, number: int, file: IO[str]) -> None:
        self.number = number
        self._file = file
        self.deaths = int(file.read() or 0)
        self._note(self.deaths + 1)

    def leave(self) -> None:
        """Give the place up in good order: who is killed leaves the count raised."""
        self._note(self.deaths)
        self._file.close()

    def _note(self, deaths: int) -> None:
        self._file.truncate(0)
        self._file.write(str(deaths))
        self._file.flush()


def occupy(folder: Path) -> IO[str]:
    """Take the folder for one recommender until the returned file is closed, and empty it.

    Raises `FolderInUse` or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = try_lock(folder / "recommender.lock")
    if lock is None:
        raise FolderInUse(str(folder))
    for pattern in ("answers-*", "worker-*.lock"):
        for path in folder.glob(pattern):
            path.unlink()
    return lock


def take_place(folder: Path) -> Place:
    """The first place that no living worker has. Raises `FolderInUse` or OSError."""
    for number in range(1, MOST_WORKERS + 1):
        file = try_lock(folder / f"worker-{number}.lock")
        if file is not None:
            return Place(number, file)
    raise FolderInUse(f"{folder} has {MOST_WORKERS} workers")


def try_lock(path: Path) -> IO[str] | None:
    """The file, locked until it is closed; None if another process has it locked."""
    file = open(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.seek(0)
    return file
