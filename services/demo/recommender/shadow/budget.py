"""A budget of processor time, as a token bucket."""

from collections.abc import Callable
from time import monotonic

BURST = 0.05
"""Seconds of processor time that may be saved up."""


class Budget:
    """`share` seconds of processor time for each second that passes."""

    def __init__(self, share: float, clock: Callable[[], float] = monotonic) -> None:
        self._share = share
        self._clock = clock
        self._left = BURST
        self._at = clock()

    def spend(self, seconds: float) -> None:
        """Take processor time that was used, whether it was there or not."""
        self._fill()
        self._left -= seconds

    @property
    def wait(self) -> float:
        """Seconds until there is something in it again, 0 if there is."""
        self._fill()
        return max(0.0, -self._left / self._share)

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(BURST, self._left + self._share * (now - self._at))
        self._at = now
