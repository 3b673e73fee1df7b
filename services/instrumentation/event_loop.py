"""How late the event loop runs what is due, and how busy the threads are that do its blocking work."""

import asyncio
from time import perf_counter
from types import TracebackType

from anyio.to_thread import current_default_thread_limiter

from services.instrumentation.setup import Telemetry
from telemetry import attributes as a
from telemetry import instruments

INTERVAL = 0.25
"""Seconds between two looks: a look costs some 30 µs."""

_BLOCKING = {a.POOL: "blocking"}
"""The threads in which Starlette runs endpoints and dependencies that are not coroutines."""


class EventLoopWatch:
    """Watches the running event loop inside `async with`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._lag = telemetry.instrument(instruments.EVENT_LOOP_LAG)
        self._active = telemetry.instrument(instruments.THREAD_POOL_ACTIVE)
        self._limit = telemetry.instrument(instruments.THREAD_POOL_LIMIT)

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        threads = current_default_thread_limiter()
        while True:
            started = perf_counter()
            await asyncio.sleep(INTERVAL)
            self._lag.record(max(0.0, perf_counter() - started - INTERVAL))
            self._active.set(threads.borrowed_tokens, _BLOCKING)
            self._limit.set(threads.total_tokens, _BLOCKING)
