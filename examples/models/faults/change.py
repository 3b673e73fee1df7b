"""What is wrong just now, in a file that services and callers read while they run; it ends by itself.

data/models/changes/checkout.json  ──▶  {"until": 1795900000, "multiply": {"amount": 100}}
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LOOK_SECONDS = 0.5

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=100)]


class Change(BaseModel):
    """All that can be changed of one example; as it is here, nothing. Without `segment`, of everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: str = ""
    severity: str = ""
    until: float = 0.0
    """Unix seconds."""

    segment: str = ""
    share: Share = 1
    """Of the requests concerned."""

    grow: Mapping[str, float] = {}
    """In life: a number is so many times as large."""
    become: Mapping[str, str] = {}
    """In life: a category is another."""
    weigh: Mapping[str, float] = {}
    """In life: a feature has so many times the effect on the outcome; below 0 the opposite one."""
    surprise: bool = False
    """In life: the outcome is one that no feature explains."""

    multiply: Mapping[str, float] = {}
    """By the caller: a number is sent in another unit."""
    omit: tuple[str, ...] = ()
    """By the caller: features that are not sent."""
    delay: Factor = 1
    """By who knows the outcome: it takes so many times as long to be told."""
    rate: Factor = 1
    """Of the requests."""

    version: str = ""
    """In the service: the model's version that is rolled out."""


class Changes:
    """What is in force for an example, looked up at most twice a second."""

    def __init__(self, folder: Path, example: str) -> None:
        self._file = folder / f"{example}.json"
        self._looked = float("-inf")
        self._now = Change()

    @property
    def now(self) -> Change:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._now = self._read()
        return self._now

    def put(self, change: Change) -> None:
        """In place of what is in force."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(change.model_dump(mode="json", exclude_defaults=True)))
        os.replace(partial, self._file)

    def end(self) -> Change:
        """Nothing is in force from now on; what was."""
        ended = self._read()
        self._file.unlink(missing_ok=True)
        return ended

    def _read(self) -> Change:
        """A file that is not there, cannot be read or is out of date changes nothing."""
        try:
            found = Change.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return Change()
        return found if found.until > time.time() else Change()
