"""Changes, pushed to whoever is looking."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from services.incidents.incident import Incident

SUBSCRIBERS = 64
BACKLOG = 16


class TooManySubscribers(Exception):
    """As many pages are open as the service feeds."""


class Stream:
    """Hands each published incident to every subscriber; a slow one loses the oldest."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Incident | None]] = set()

    def publish(self, incident: Incident) -> None:
        """Give `incident` to all subscribers; never waits."""
        self._put(incident)

    def end(self) -> None:
        """End all subscriptions, so that the service can stop."""
        self._put(None)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[Incident]]:
        """What is published from now on, for as long as the context lasts. Raises TooManySubscribers."""
        if len(self._queues) >= SUBSCRIBERS:
            raise TooManySubscribers
        queue: asyncio.Queue[Incident | None] = asyncio.Queue(BACKLOG)
        self._queues.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._queues.discard(queue)

    def _put(self, item: Incident | None) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(item)


async def _drain(queue: asyncio.Queue[Incident | None]) -> AsyncIterator[Incident]:
    while (incident := await queue.get()) is not None:
        yield incident
