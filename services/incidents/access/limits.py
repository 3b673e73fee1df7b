"""How often somebody may do something: a bucket of tokens for each, of which the least used are forgotten."""

import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import HTTPException

MOST = 10_000
"""Keys that are remembered."""


class RateLimit:
    """At most `per_minute` at once, and as many in each minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = per_minute
        self._rate = per_minute / 60
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Seconds to wait until `key` may; 0 if it may now, which then counts."""
        now = self._clock()
        left, at = self._left.pop(key, (float(self._most), now))
        left = min(self._most, left + (now - at) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return wait

    def check(self, key: str, what: str) -> None:
        """Count `what` of `key`. Raises HTTPException (429) if that is one too many."""
        if wait := self.take(key):
            raise HTTPException(429, f"too many {what}: wait a minute", {"Retry-After": f"{wait:.0f}"})
