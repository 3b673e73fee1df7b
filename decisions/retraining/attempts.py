"""Which retrainings there were, and what was answered: files that survive who writes them, and a lock that
does not."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from decisions.retraining.judgement import DAY, Attempt

MOST = 1_000
KEPT_DAYS = 30.0

_LIST = TypeAdapter(list[Attempt])
_TOLD = TypeAdapter(dict[str, dict[int, str]])


class UnderWay(Exception):
    """Another retraining holds the lock."""


class Attempts:
    """The attempts of all models, oldest first, in a JSON file with a lock beside it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> list[Attempt]:
        """Those of the last 30 days. Raises ValueError for a file that is none of ours."""
        try:
            return _LIST.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return []
        except ValidationError:
            raise ValueError(f"{self._file} is no list of retrainings: move it away") from None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Nobody else retrains meanwhile, on this machine. Raises UnderWay if somebody does.

        The lock goes with the process that holds it, however that ends.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnderWay from None
            yield

    def begin(self, model: str, now: float) -> None:
        """Add an attempt that is under way (Unix seconds)."""
        self._write([*self.read(), Attempt(model, now)], now)

    def end(self, now: float) -> list[Attempt]:
        """End all that are under way, those of a process that was killed, too; which these were."""
        known = self.read()
        ended = [attempt for attempt in known if attempt.ended is None]
        if ended:
            self._write([a if a.ended is not None else a._replace(ended=now) for a in known], now)
        return ended

    def _write(self, attempts: Sequence[Attempt], now: float) -> None:
        kept = [attempt for attempt in attempts if attempt.begun > now - KEPT_DAYS * DAY][-MOST:]
        _replace(self._file, _LIST.dump_json(kept))


class Told:
    """The code of the last no to each open incident of each model, in a JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, model: str) -> Mapping[int, str]:
        """By incident; none where the file is not there or none of ours: then it is told again."""
        return self._read().get(model, {})

    def write(self, model: str, codes: Mapping[int, str]) -> None:
        """All of a model."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        _replace(self._file, _TOLD.dump_json({**self._read(), model: dict(codes)}))

    def _read(self) -> dict[str, dict[int, str]]:
        try:
            return _TOLD.validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return {}


def _replace(file: Path, content: bytes) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, file)
