"""Work that one replica of the inbox does at a time: diagnosing, reconciling, minding the heartbeat."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any

Duty = Callable[[], Coroutine[Any, Any, None]]


class Leadership:
    """Held for a while and renewed, or for good; its duties run from when it is taken until it is left."""

    def __init__(self) -> None:
        self._duties: tuple[Duty, ...] = ()
        self._until = -math.inf
        self._under_way: list[asyncio.Task[None]] = []

    def assign(self, *duties: Duty) -> None:
        """Say what the leader does; each runs until it is cancelled."""
        self._duties = duties

    def holds(self) -> bool:
        """Whether it is this replica's now: false as soon as the time is up, if this process stalled."""
        return time.monotonic() < self._until

    def take(self, seconds: float = math.inf) -> None:
        """Lead for `seconds` from now, or longer if it is taken again."""
        self._until = time.monotonic() + seconds
        if not self._under_way:
            self._under_way = [asyncio.create_task(duty()) for duty in self._duties]

    async def keep(self) -> None:
        """Lead for good; runs until it is cancelled."""
        self.take()
        try:
            await asyncio.Event().wait()
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Stop all duties."""
        self._until = -math.inf
        under_way, self._under_way = self._under_way, []
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
