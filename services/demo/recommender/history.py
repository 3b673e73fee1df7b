"""What users were shown and clicked, kept in the bucket for whoever trains: never on the way of a request.

sweep ──► minute under way ──► each half minute, one object ──► feedback/<worker>/<place>.npz
                                   │ storage is away: the next try writes it; at most `MOST` answers wait
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import time

import structlog

from services.demo.recommender.connection import Connection
from services.demo.recommender.shown import Closed
from services.demo.storage.client import StorageError
from services.demo.storage.history import MINUTE, Seen, gather, history_key

EVERY = 30.0
"""Seconds between two writes: what a crash takes at most, and a minute's object is written twice."""

MOST = 50_000
"""Answers that are kept in memory, about 15 MB; more push the oldest out."""

log = structlog.get_logger()


class HistoryWriter:
    """The answers of one worker whose labels are in."""

    def __init__(self, connection: Connection, worker: str, clock: Callable[[], float] = time) -> None:
        self._store = connection.store
        self._bucket = connection.bucket
        self._worker = worker
        self._clock = clock
        self._seen: deque[Seen] = deque(maxlen=MOST)
        self._problem: str | None = None

    def add(self, closed: Closed) -> None:
        """Keep an answer."""
        self._seen.append(Seen(self._clock(), closed.user_id, closed.item_ids, closed.clicked))

    async def run(self) -> None:
        """Write every half minute until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write each minute that has answers; those that are over and written are forgotten."""
        minutes: dict[int, list[Seen]] = {}
        for seen in self._seen:
            minutes.setdefault(int(seen.at // MINUTE), []).append(seen)
        now = int(self._clock() // MINUTE)
        for minute, answers in minutes.items():
            try:
                await asyncio.to_thread(self._put, minute, answers)
            except StorageError as error:
                self._report(f"{type(error).__name__}: {error}")
                return
            while minute < now and self._seen and self._seen[0].at // MINUTE <= minute:
                self._seen.popleft()
        self._report(None)

    def _put(self, minute: int, answers: list[Seen]) -> None:
        self._store.put_object(
            Bucket=self._bucket,
            Key=history_key(self._worker, minute),
            Body=gather(answers).to_bytes(),
            ContentType="application/octet-stream",
        )

    def _report(self, problem: str | None) -> None:
        if problem and problem != self._problem:
            log.error("feedback is not kept for training: storage", problem=problem, waiting=len(self._seen))
        self._problem = problem
