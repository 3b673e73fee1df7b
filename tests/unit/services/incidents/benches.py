"""A diagnoser at work, on a clock that passes when it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from anyio import CapacityLimiter

from diagnosis import Verdict
from prometheus.client import SourceAway
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.location import open_database
from services.incidents.diagnosing.diagnoser import Clock, Diagnoser
from services.incidents.stream import Stream
from tests.unit.services.incidents.bodies import START, alertmanager
from tests.unit.services.incidents.opinions import Oracle

T = TypeVar("T")


class FakeClock(Clock):
    """Time that passes when it is told to."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            awake = asyncio.Event()
            self._sleepers.append((self._now + timedelta(seconds=seconds), awake))
            await awake.wait()

    async def pass_(self, seconds: float, step: float = 1) -> None:
        """Let time pass a `step` of seconds at a time, and everything happen that is due."""
        for _ in range(int(seconds / step)):
            self._now += timedelta(seconds=step)
            for moment, awake in self._sleepers:
                if moment <= self._now:
                    awake.set()
            await settle()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(100):
        await asyncio.sleep(0)


class InlineDatabase(AsyncDatabase):
    """Leaves nothing to a thread, so that what is due has happened when it has been awaited."""

    async def _run(self, work: Callable[[], T], _: CapacityLimiter) -> T:
        return work()


class Bench:
    """A diagnoser at work on a store, with everything around it in hand."""

    def __init__(self, location: str, oracle: Oracle, clock: FakeClock) -> None:
        self.store = Store(InlineDatabase(open_database(location)), 100)
        self.stream = Stream()
        self.clock = clock
        self.oracle = oracle
        self.diagnoser = Diagnoser(self.store, self.stream, oracle, clock)

    async def take(self, *alerts: dict[str, Any]) -> None:
        for incident in await self.store.record(
            read_alerts(json.dumps(alertmanager(*alerts)).encode()).alerts
        ):
            self.stream.publish(incident)
        await settle()

    @property
    def times(self) -> list[float]:
        """Seconds after START up to which was looked, of each diagnosis."""
        return [end - START.timestamp() for _, end, _ in self.oracle.asked]


@asynccontextmanager
async def bench(
    location: str, *verdicts: Verdict | SourceAway, now: datetime = START
) -> AsyncIterator[Bench]:
    made = Bench(location, Oracle(*verdicts), FakeClock(now))
    watching = asyncio.create_task(made.diagnoser.watch())
    await settle()
    try:
        yield made
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        made.store.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(work(), 60)

    asyncio.run(main())
