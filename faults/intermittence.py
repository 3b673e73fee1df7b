"""Faults that come and go: the milder, the shorter they last each time."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Spell(NamedTuple):
    """On for `lasts` seconds of each `every`."""

    lasts: float
    every: float

    def __str__(self) -> str:
        return "all the time" if self.lasts >= self.every else f"{self.lasts:g} of every {self.every:g} s"


class Intermittence:
    """Calls `start` and `stop` when a severity's spells begin and end."""

    def __init__(
        self, spells: Mapping[str, Spell], start: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        self._spells = spells
        self._start = start
        self._stop = stop
        self._on = False

    def begin(self, severity: str) -> Spell:
        """Start the first spell; what is to come."""
        self._start()
        self._on = True
        return self._spells[severity]

    def keep(self, severity: str, elapsed: float) -> None:
        """Start or stop, if it is time to, `elapsed` seconds after the first start."""
        lasts, every = self._spells[severity]
        wanted = elapsed % every < lasts
        if wanted != self._on:
            (self._start if wanted else self._stop)()
            self._on = wanted
