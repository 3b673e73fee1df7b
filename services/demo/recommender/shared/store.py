"""The workers' common store of answers, written in batches by a thread: no request waits for the disk.

put ──► queue ──► every 50 ms ─┐
add ──► queue ──► at once ─────┴──► one transaction ──► what became of each reaction
                  ▲                       │ fails: counted, named, said
                  └── tried again ◄───────┘
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, ParamSpec, TypeVar

import structlog

from services.demo.recommender.answers import Labels
from services.demo.recommender.shared.database import Database, Written, kind_of
from services.demo.recommender.shown import Closed, Reaction, Shown, StillQueued, UnknownRequest

FLUSH = 0.05
"""Seconds that answers wait for others to be written with."""

SETTLING = 0.2
"""Seconds after which feedback on an unknown request is tried again: its answer may be in a queue yet."""

PATIENCE = 0.5
"""Seconds that feedback waits for the store; then it is accepted, and joined when that works."""

RETRY = 0.25
"""Seconds between two tries of what failed."""

MOST_QUEUED = 10_000
BATCH = 500

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")


class _Waiting(NamedTuple):
    reaction: Reaction
    joined: asyncio.Future[Labels | None]


class SharedStore:
    """Keeps answers in a file that all workers use. Failures are given to `failed` with their number.

    The kinds are those of the database, `dropped` for what a full queue gave up, `late` for clicks that came
    to an answer labelled already, and `pushed_out` for answers that newer ones left no room for.
    """

    def __init__(self, database: Database, failed: Callable[[str, int], None]) -> None:
        self._database = database
        self._failed = failed
        self._queue: deque[Shown | _Waiting] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._problem: str | None = None

    def put(self, shown: Shown) -> None:
        self._enqueue(shown)

    async def add(self, reaction: Reaction) -> Labels | None:
        try:
            return await self._join(reaction)
        except UnknownRequest:
            await asyncio.sleep(SETTLING)
            return await self._join(reaction)

    async def close_windows(self, now: float) -> Sequence[Closed]:
        try:
            closed = await self._do(self._database.close_windows, now)
        except sqlite3.Error as error:
            self._report(error, 1)
            return ()
        self._report_lost()
        return closed

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(FLUSH):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if not await self.flush():
                await asyncio.sleep(RETRY)

    async def close(self) -> None:
        """Write what is queued, if that works at once."""
        await self.flush()
        await self._do(self._database.close)
        self._thread.shutdown()

    async def flush(self) -> bool:
        """Write what is queued; False if that failed: then it is queued still."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            entries = [entry.reaction if isinstance(entry, _Waiting) else entry for entry in batch]
            try:
                written = await self._do(self._database.write, entries)
            except sqlite3.Error as error:
                self._queue.extendleft(reversed(batch))
                self._report(error, len(batch))
                return False
            except Exception as error:  # a fault of ours: what cannot be written is not tried for ever
                log.error("answers and feedback dropped", error=f"{type(error).__name__}: {error}")
                self._failed("dropped", len(batch))
                written = [None] * len(entries)
            else:
                self._report_success()
            self._answer([entry.joined for entry in batch if isinstance(entry, _Waiting)], written)
        return True

    async def _join(self, reaction: Reaction) -> Labels | None:
        joined = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting(reaction, joined))
        self._wake.set()
        await asyncio.wait((joined,), timeout=PATIENCE)
        if not joined.done():
            raise StillQueued(joined)
        labels: Labels | None = joined.result()
        return labels

    def _enqueue(self, entry: Shown | _Waiting) -> None:
        self._queue.append(entry)
        if len(self._queue) > MOST_QUEUED:
            dropped = self._queue.popleft()
            if isinstance(dropped, _Waiting):
                dropped.joined.set_result(None)
            self._failed("dropped", 1)

    def _answer(self, waiting: Sequence[asyncio.Future[Labels | None]], written: Sequence[Written]) -> None:
        for joined, found in zip(waiting, written, strict=False):
            if isinstance(found, Exception):
                joined.set_exception(found)
            else:
                joined.set_result(found)

    async def _do(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _report(self, error: sqlite3.Error, entries: int) -> None:
        kind = kind_of(error)
        self._failed(kind, 1)
        if kind != self._problem:
            log.error("the store of answers fails", kind=kind, error=str(error), queued=entries)
        self._problem = kind

    def _report_success(self) -> None:
        if self._problem:
            log.info("the store of answers works again", after=self._problem)
        self._problem = None

    def _report_lost(self) -> None:
        late, pushed_out = self._database.late, self._database.pushed_out
        self._database.late = self._database.pushed_out = 0
        if late:
            self._failed("late", late)
        if pushed_out:
            self._failed("pushed_out", pushed_out)
            log.warning("labels lost: raise RECOMMENDER_FEEDBACK_CAPACITY", requests=pushed_out)
