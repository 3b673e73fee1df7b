"""Which version of a model serves, in a file beside the versions; without it, the first one."""

import time
from pathlib import Path

from examples.models.change import LOOK_SECONDS
from examples.models.training import LIVE, replace

FILE = "live"


class Live:
    """The version in a folder of versions, looked up at most twice a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked = float("-inf")
        self._now = LIVE

    @property
    def now(self) -> str:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._now = self._read()
        return self._now

    def put(self, version: str) -> None:
        """All requests from now on. Raises ValueError for one that is not there."""
        if not self._is_there(version):
            raise ValueError(f"there is no version {version} in {self._folder}")
        replace(self._folder / FILE, version.encode())

    def _read(self) -> str:
        try:
            named = (self._folder / FILE).read_text().strip()
        except OSError:
            return LIVE
        return named if self._is_there(named) else LIVE

    def _is_there(self, version: str) -> bool:
        return bool(version) and (self._folder / version / "model.pickle").exists()
