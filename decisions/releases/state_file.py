"""The state of a release on disk."""

import os
from pathlib import Path

from pydantic import ValidationError

from decisions.releases.state import State


class Unreadable(Exception):
    """A state file that is not one; the message says which and what to do."""


class StateFile:
    """The state on disk, replaced as a whole: a reader sees the former one or this one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> State | None:
        """None before the first release. Raises Unreadable or OSError."""
        try:
            return State.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            raise Unreadable(
                f"{self.path} is not the state of a release: move it away, then `make rollback`"
            ) from None

    def write(self, state: State) -> None:
        """It is on disk when this returns. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("w") as file:
            file.write(state.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.path)
