"""The workers' common store of answers, written in batches by a thread: no request waits for the disk.

put, add ──► queue ──► 20 ms later, one transaction ──► what became of each reaction
                ▲                  │ fails: counted, named, said
                └── tried again ◄──┘
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, ParamSpec, Self, TypeVar

import structlog

from services.demo.recommender.answers import Labels
from services.demo.recommender.shared.database import Database, Joined, kind_of
from services.demo.recommender.shown import Closed, Reaction, Shown, UnknownRequest

GATHERING = 0.02
"""Seconds in which entries gather for a transaction."""

SETTLING = 0.2
"""Seconds after which feedback on an unknown request is tried again: its answer may be in a queue yet."""

RETRY = 0.25
"""Seconds between two tries of what failed."""

MOST_QUEUED = 10_000
BATCH = 500

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")


class _Queued(NamedTuple):
    entry: Shown | Reaction
    joined: asyncio.Future[Labels | None] | None = None

    def settle(self, found: Joined) -> None:
        if self.joined is None or self.joined.done():
            return
        if isinstance(found, Exception):
            self.joined.set_exception(found)
        else:
            self.joined.set_result(found)


class SharedStore:
    """Keeps answers in a file that all workers use. Failures are given to `failed` with their number.

    The kinds are those of the database, and `dropped` for answers and feedback that were given up.
    """

    def __init__(self, database: Database, failed: Callable[[str, int], None]) -> None:
        self.pushed_out = 0
        self._database = database
        self._failed = failed
        self._queue: deque[_Queued] = deque()
        self._wake = asyncio.Event()
        self._ending = False
        self._problem: str | None = None

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._writing = asyncio.create_task(self._write_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is queued, if that works at once; else it is dropped."""
        self._ending = True
        self._wake.set()
        await self._writing
        self._drop(self._queue)
        await self._do(self._database.close)
        self._thread.shutdown()

    def put(self, shown: Shown) -> None:
        self._enqueue(_Queued(shown))

    async def add(self, reaction: Reaction) -> Labels | None:
        try:
            return await self._join(reaction)
        except UnknownRequest:
            await asyncio.sleep(SETTLING)
            return await self._join(reaction)

    async def close_windows(self, now: float) -> Sequence[Closed]:
        try:
            return await self._do(self._database.close_windows, now)
        except sqlite3.Error as error:
            self._report(error)
            return ()

    async def flush(self) -> bool:
        """Write what is queued; False if that failed: then it is queued still."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            try:
                written = await self._do(self._database.write, [queued.entry for queued in batch])
            except sqlite3.Error as error:
                self._queue.extendleft(reversed(batch))
                self._report(error)
                return False
            except Exception as error:  # a fault of ours: what cannot be written is not tried for ever
                log.error("answers and feedback dropped", error=f"{type(error).__name__}: {error}")
                self._drop(batch)
                continue
            self._report_success()
            self.pushed_out += written.pushed_out
            for queued, found in zip(batch, written.joined, strict=True):
                queued.settle(found)
        return True

    async def _write_on(self) -> None:
        while not self._ending:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHERING)
            while not await self.flush() and not self._ending:
                await asyncio.sleep(RETRY)

    async def _join(self, reaction: Reaction) -> Labels | None:
        joined = asyncio.get_running_loop().create_future()
        self._enqueue(_Queued(reaction, joined))
        labels: Labels | None = await joined
        return labels

    def _enqueue(self, queued: _Queued) -> None:
        self._queue.append(queued)
        self._wake.set()
        if len(self._queue) > MOST_QUEUED:
            self._drop([self._queue.popleft()])

    def _drop(self, entries: Sequence[_Queued]) -> None:
        if entries:
            self._failed("dropped", len(entries))
        for queued in entries:
            queued.settle(None)

    async def _do(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _report(self, error: sqlite3.Error) -> None:
        kind = kind_of(error)
        self._failed(kind, 1)
        if kind != self._problem:
            log.error("the store of answers fails: feedback waits for it", kind=kind, error=str(error))
        self._problem = kind

    def _report_success(self) -> None:
        if self._problem:
            log.info("the store of answers works again", after=self._problem)
        self._problem = None
