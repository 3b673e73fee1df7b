"""What can be wrong with a service's own code, switched on by files while it runs.

state/defects/<fault>.json  ──▶  {"service": "pricing", "version": "1.1.0", "errors": 0.3}
"""

import asyncio
import fcntl
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

LOOK_SECONDS = 0.5
LEAK_LIMIT = 600_000_000
"""Bytes a process keeps at most, whoever should have stopped it."""


Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=60)]


class Defects(BaseModel):
    """Defects of one service, or of one release of it; all zeros is sound code."""

    model_config = ConfigDict(extra="forbid")

    service: str
    version: str = ""
    errors: Share = 0
    """Share of the requests that end in an exception."""
    delay: Seconds = 0
    """Seconds, ± a quarter, that a request waits for nothing."""
    block: Seconds = 0
    """Seconds that a request holds up its whole process."""
    one_worker: bool = False
    """`block` is in one of the worker processes only."""
    spin: Seconds = 0
    """Seconds of CPU that a request takes."""
    leak: Annotated[int, Field(ge=0, le=50_000_000)] = 0
    """Bytes that a request leaves behind."""
    hold: Seconds = 0
    """Seconds that a database connection is kept after its use."""
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    """How often a failed call is sent again, at once."""
    timeout: Seconds = 0
    """Seconds after which a call is given up; 0 leaves what the code says."""
    rate_factor: Annotated[float, Field(gt=0, le=20)] = 1
    """Of the traffic: how many times as many requests."""


class DefectsFolder:
    """The defects in force for a service, looked up at most twice a second."""

    def __init__(self, folder: Path, service: str, version: str = "") -> None:
        self.folder = folder
        self.service = service
        self.version = version
        self._now = Defects(service=service)
        self._looked = float("-inf")
        self._leaked: list[bytes] = []
        self._leaked_bytes = 0
        self._claim: IO[bytes] | None = None

    @property
    def now(self) -> Defects:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._now = merge(self.service, self.version, self.folder.glob("*.json"))
            if not self._now.leak:
                self._leaked, self._leaked_bytes = [], 0
            if not self._now.one_worker:
                self._release_claim()
        return self._now

    async def suffer(self, request: Request) -> None:
        """A dependency of every route: what is wrong happens here."""
        if request.url.path == "/healthz":
            return
        defects = self.now
        self._leak(defects.leak)
        if defects.spin:
            _spin(defects.spin)
        if defects.block and (not defects.one_worker or self._is_the_one()):
            time.sleep(defects.block)
        if defects.delay:
            await asyncio.sleep(defects.delay * random.uniform(0.75, 1.25))
        if random.random() < defects.errors:
            raise RuntimeError("price rule without a currency")

    def _leak(self, size: int) -> None:
        if size and self._leaked_bytes < LEAK_LIMIT:
            self._leaked.append(b"x" * size)
            self._leaked_bytes += size

    def _is_the_one(self) -> bool:
        """Whether this is the worker that has it: the first to take the lock, until the defect is gone."""
        if self._claim:
            return True
        claim = (self.folder / f"{self.service}.worker").open("wb")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            claim.close()
            return False
        self._claim = claim
        return True

    def _release_claim(self) -> None:
        if self._claim:
            self._claim.close()
            self._claim = None


def merge(service: str, version: str, files: Iterable[Path]) -> Defects:
    """The defects of all files for this service and version; a file that cannot be read is passed over."""
    merged = Defects(service=service)
    for file in sorted(files):
        try:
            found = Defects.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            continue
        if found.service == service and found.version in ("", version):
            merged = merged.model_copy(update=found.model_dump(exclude_unset=True))
    return merged


def _spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
