"""How users behave at the moment, where that is not as usual: a small file, looked at each second.

{"rate_factor": 2.0, "mix": {"light": 1, "regular": 2, "unknown": 1}, "taste_shift": 0.2, "until": 1.8e9}

Without the file, after `until` (Unix seconds), or when the file makes no sense, users behave as usual.
"""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

log = structlog.get_logger()
POLL_SECONDS = 1.0
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mix(_Strict):
    """Relative weights of who comes: users by segment, and users nobody knows."""

    light: Weight = 0.0
    regular: Weight = 0.0
    heavy: Weight = 0.0
    unknown: Weight = 0.0

    @model_validator(mode="after")
    def _has_somebody(self) -> "Mix":
        if not self.light + self.regular + self.heavy + self.unknown:
            raise ValueError("all weights are 0")
        return self


class Behaviour(_Strict):
    """`rate_factor` multiplies the rate; `mix` is None for who comes as usual; `taste_shift` is the share of
    the users (0–1) who want what another user wanted; all of it until `until`, in Unix seconds."""

    rate_factor: float = Field(default=1.0, gt=0, le=100)
    mix: Mix | None = None
    taste_shift: float = Field(default=0.0, ge=0, le=1)
    until: float = Field(default=0.0, ge=0)


AS_USUAL = Behaviour()


class BehaviourFile:
    """A file that may come, change, expire and go; `current` is how users behave now."""

    def __init__(self, path: Path | None) -> None:
        self.current = AS_USUAL
        self._path = path
        self._problem: str | None = None

    async def run(self) -> None:
        """Look at the file each second until cancelled."""
        while True:
            self.look(time.time())
            await asyncio.sleep(POLL_SECONDS)

    def look(self, now: float) -> None:
        """Follow the file as it is at `now`, in Unix seconds; a bad one is logged once."""
        found = self._read()
        behaviour = found if found.until > now else AS_USUAL
        if behaviour != self.current:
            log.info("users behave otherwise", **behaviour.model_dump())
            self.current = behaviour

    def _read(self) -> Behaviour:
        problem, found = None, AS_USUAL
        try:
            found = Behaviour.model_validate_json(self._path.read_bytes()) if self._path else AS_USUAL
        except FileNotFoundError:
            pass
        except (OSError, ValidationError) as error:
            problem = " ".join(str(error).split())[:300]
        if problem and problem != self._problem:
            log.error("behaviour file cannot be used", file=str(self._path), problem=problem)
        self._problem = problem
        return found
