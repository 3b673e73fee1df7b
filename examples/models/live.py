"""Which version of a model serves, in a file beside the versions; without it, the first one.

1.0.0                          all requests
1.0.0 1.0.2 0.05 1795900000    until then (Unix seconds) a share of them has another one
"""

import time
from pathlib import Path
from typing import NamedTuple

from examples.models.faults.change import LOOK_SECONDS
from examples.models.training import LIVE, replace

FILE = "live"


class Serving(NamedTuple):
    """The live version, and one that a share (0–1) of the requests has until a moment."""

    live: str = LIVE
    other: str = ""
    share: float = 0.0
    until: float = 0.0


class Live:
    """The versions in a folder that serve, looked up at most twice a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked = float("-inf")
        self._serving = Serving()

    @property
    def now(self) -> str:
        """The live version."""
        return self._look().live

    def choose(self, luck: float) -> str:
        """The version of a request, by a number from 0 to 1 that was drawn for it."""
        serving = self._look()
        tried = luck < serving.share and time.time() < serving.until
        return serving.other if tried else serving.live

    def put(self, version: str) -> None:
        """All requests from now on. Raises ValueError for one that is not there."""
        self._write(version, version)

    def share(self, version: str, share: float, until: float) -> None:
        """Some requests until a moment, the others as before. Raises ValueError for one that is not there."""
        self._write(version, f"{self.now} {version} {share} {until:.0f}")

    def _write(self, version: str, text: str) -> None:
        if not self._is_there(version):
            raise ValueError(f"there is no version {version} in {self._folder}")
        replace(self._folder / FILE, text.encode())

    def _look(self) -> Serving:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._serving = self._read()
        return self._serving

    def _read(self) -> Serving:
        try:
            live, *other = (self._folder / FILE).read_text().split()
            serving = Serving(live, other[0], float(other[1]), float(other[2])) if other else Serving(live)
        except (OSError, ValueError, IndexError):
            return Serving()
        named = [serving.live, *([serving.other] if serving.other else [])]
        return serving if all(map(self._is_there, named)) else Serving()

    def _is_there(self, version: str) -> bool:
        return bool(version) and (self._folder / version / "model.pickle").exists()
