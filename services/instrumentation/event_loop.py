"""How late the event loop runs what is due, and how busy the threads are that do its blocking work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from anyio.to_thread import current_default_thread_limiter

from services.instrumentation.setup import Telemetry
from telemetry import attributes as a
from telemetry import instruments

INTERVAL = 0.25
"""Seconds between two looks: a look costs some 30 µs."""

_BLOCKING = {a.POOL: "blocking"}
"""The threads in which Starlette runs endpoints and dependencies that are not coroutines."""


@asynccontextmanager
async def watch_event_loop(telemetry: Telemetry) -> AsyncIterator[None]:
    """Watch the running event loop inside `async with`."""
    watching = asyncio.create_task(_watch(telemetry))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(telemetry: Telemetry) -> None:
    lag = telemetry.instrument(instruments.EVENT_LOOP_LAG)
    active = telemetry.instrument(instruments.THREAD_POOL_ACTIVE)
    limit = telemetry.instrument(instruments.THREAD_POOL_LIMIT)
    threads = current_default_thread_limiter()
    while True:
        started = perf_counter()
        await asyncio.sleep(INTERVAL)
        lag.record(max(0.0, perf_counter() - started - INTERVAL))
        active.set(threads.borrowed_tokens, _BLOCKING)
        limit.set(threads.total_tokens, _BLOCKING)
