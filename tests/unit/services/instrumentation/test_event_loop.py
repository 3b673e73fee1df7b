import asyncio
import threading
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import anyio.to_thread
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Message, Receive, Scope, Send

from services.instrumentation import ServerTelemetry, event_loop, start_telemetry


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "INTERVAL", 0.01)


Work = Callable[[InMemoryMetricReader], Awaitable[None]]


async def live(work: Work) -> InMemoryMetricReader:
    """Take an app through its life, `work` being what happens while it serves; return what was measured."""
    reader = InMemoryMetricReader()
    telemetry = start_telemetry("any", span_exporter=InMemorySpanExporter(), metric_reader=reader)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await work(reader)

    async def receive() -> Message:
        return {"type": "lifespan.shutdown"}

    async def send(_: Message) -> None:
        pass

    await ServerTelemetry(app, telemetry)({"type": "lifespan"}, receive, send)
    return reader


def points(reader: InMemoryMetricReader, name: str) -> list[Any]:
    data = reader.get_metrics_data()
    resources = data.resource_metrics if data else []
    metrics = [m for r in resources for scope in r.scope_metrics for m in scope.metrics]
    return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def block(seconds: float) -> None:
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def test_a_blocked_event_loop_is_late() -> None:
    async def work(reader: InMemoryMetricReader) -> None:
        await asyncio.sleep(0)
        block(0.2)
        await until(lambda: any(lag.max > 0.15 for lag in points(reader, "event_loop.lag")))

    asyncio.run(live(work))


def test_an_idle_event_loop_is_on_time() -> None:
    async def work(reader: InMemoryMetricReader) -> None:
        await until(lambda: any(lag.count >= 5 for lag in points(reader, "event_loop.lag")))

    (lag,) = points(asyncio.run(live(work)), "event_loop.lag")
    assert lag.min < 0.01


def test_busy_threads_are_counted() -> None:
    async def work(reader: InMemoryMetricReader) -> None:
        gate = threading.Event()
        waiting = [asyncio.create_task(anyio.to_thread.run_sync(gate.wait)) for _ in range(3)]
        try:
            await until(lambda: [each.value for each in points(reader, "thread_pool.active")] == [3])
        finally:
            gate.set()
        await asyncio.gather(*waiting)
        (limit,) = points(reader, "thread_pool.limit")
        assert limit.value > 3
        assert dict(limit.attributes) == {"pool": "blocking"}

    asyncio.run(live(work))


def test_the_watch_ends_with_the_app() -> None:
    async def scenario() -> None:
        async def work(_: InMemoryMetricReader) -> None:
            await asyncio.sleep(0)

        await live(work)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())
