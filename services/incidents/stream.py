"""Changes, pushed to whoever is looking."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from pydantic import BaseModel

SUBSCRIBERS = 64
BACKLOG = 16


class TooManySubscribers(Exception):
    """As many pages are open as the service feeds."""


class Stream:
    """Hands each change, an incident or the pulse, to every subscriber; a slow one loses the oldest."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[BaseModel | None], bool] = {}

    def publish(self, change: BaseModel) -> None:
        """Give `change` to all subscribers; never waits."""
        self._put(change)

    def end(self) -> None:
        """End all subscriptions, so that the service can stop."""
        self._put(None)

    @contextmanager
    def subscribe(self, *, counted: bool = True) -> Iterator[AsyncIterator[BaseModel]]:
        """What is published from now on, for as long as the context lasts. Raises TooManySubscribers.

        The service's own parts are not `counted`.
        """
        if counted and sum(self._queues.values()) >= SUBSCRIBERS:
            raise TooManySubscribers
        queue: asyncio.Queue[BaseModel | None] = asyncio.Queue(BACKLOG)
        self._queues[queue] = counted
        try:
            yield _drain(queue)
        finally:
            del self._queues[queue]

    def _put(self, item: BaseModel | None) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(item)


async def _drain(queue: asyncio.Queue[BaseModel | None]) -> AsyncIterator[BaseModel]:
    while (change := await queue.get()) is not None:
        yield change
