"""The one release that there may be, in a folder: its state, a person's answer, and who is at work on it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from decisions.releases.observation import Answer, Says
from decisions.releases.state import State
from decisions.releases.state_file import StateFile


class _Answered(BaseModel):
    """What a person answered to which release."""

    salt: str
    says: Says
    who: str


class Files:
    """What is kept of the one release that there may be, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.state = StateFile(folder / "release.json")
        self._answer = folder / "release.answer"
        self._lock = folder / "release.lock"

    def read_answer(self, state: State) -> Answer | None:
        """What a person has said to this release."""
        try:
            found = _Answered.model_validate_json(self._answer.read_bytes())
        except (OSError, ValidationError):
            return None
        return Answer(found.says, found.who) if found.salt == state.salt else None

    def write_answer(self, state: State, says: Says, who: str) -> None:
        """Replace what may have been said before."""
        partial = self._answer.with_suffix(".answer.partial")  # the state has a draft of its own
        partial.write_text(_Answered(salt=state.salt, says=says, who=who).model_dump_json())
        os.replace(partial, self._answer)

    def forget_answer(self) -> None:
        self._answer.unlink(missing_ok=True)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Whether this process alone holds the release; it lets go at the end, however that comes."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as file:
            yield _try_lock(file)


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
