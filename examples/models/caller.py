"""Calls an example's service at a rate, and tells it each outcome when it is known."""

import asyncio
import heapq
import json
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import httpx

from examples.models.cases import Case, happen
from examples.models.example import Example
from examples.models.faults.change import Changes
from examples.shop.users.tally import open_log

FASTEST = 100.0
"""Requests per second that are never exceeded."""
IN_FLIGHT = 100
UNTOLD = 100_000
"""Outcomes that wait to be told, at most; more are never told, and counted."""
TIMEOUT = httpx.Timeout(10.0, connect=2.0)
LOOK_SECONDS = 0.2
SPREAD = 0.5
"""An outcome is known after its usual delay, give or take this part of it."""


@dataclass
class Counted:
    """What callers saw since `since` (Unix seconds): cases that were answered or failed, outcomes.

    `loss` is summed over the answers.
    """

    since: float = field(default_factory=time.time)
    sent: int = 0
    failed: int = 0
    told: int = 0
    untold: int = 0
    loss: float = 0.0

    def summarise(self) -> dict[str, float]:
        """A line of the file; `loss` per answer."""
        now, answered = time.time(), max(1, self.sent - self.failed)
        whole = {name: getattr(self, name) for name in ("sent", "failed", "told", "untold")}
        times = {"at": round(now, 3), "seconds": round(now - self.since, 3)}
        return {**times, **whole, "loss": round(self.loss / answered, 5)}


class Caller:
    """The callers of one service: the same cases for the same seed."""

    def __init__(
        self,
        example: Example,
        client: httpx.AsyncClient,
        changes: Changes,
        *,
        rate: float,
        seed: int,
        delay: float,
    ) -> None:
        """`rate` is requests per second, `delay` the seconds until an outcome is known."""
        self._example, self._client, self._changes = example, client, changes
        self._rate, self._delay = rate, delay
        self._cases, self._times = Random(seed), Random(seed + 1)
        self._waiting: list[tuple[float, int, str, float]] = []
        self._number = count()
        self._under_way: set[asyncio.Task[None]] = set()
        self.counted = Counted()

    async def run(self, until: float = float("inf")) -> None:
        """Until the event loop's clock says so; arrivals are Poisson."""
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(self._tell_outcomes())
            await self._send_cases(until)
            telling.cancel()

    @property
    def rate(self) -> float:
        return min(FASTEST, self._rate * self._changes.now.rate)

    async def _send_cases(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while (due := due + self._times.expovariate(self.rate)) < until:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due, loop.time() - 1)  # what a stall of this process missed is not sent after all
            self._start(self._send(happen(self._example, self._changes.now, self._cases)))
        await asyncio.gather(*self._under_way)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, case: Case) -> None:
        answer = await self._post(self._example.path, case.sent)
        self.counted.sent += 1
        if answer is None:
            self.counted.failed += 1
            return
        self.counted.loss += self._example.loss(answer[self._example.answer], case.outcome)
        self._wait_for(answer["id"], case.outcome)

    def _wait_for(self, id: str, outcome: float) -> None:
        if len(self._waiting) >= UNTOLD:
            self.counted.untold += 1
            return
        known_in = self._delay * self._changes.now.delay * self._times.uniform(1 - SPREAD, 1 + SPREAD)
        heapq.heappush(self._waiting, (time.monotonic() + known_in, next(self._number), id, outcome))

    async def _tell_outcomes(self) -> None:
        while True:
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, id, outcome = heapq.heappop(self._waiting)
                self._start(self._tell(id, outcome))
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self, id: str, outcome: float) -> None:
        path = f"{self._example.path}/{id}{self._example.outcome_path}"
        told = await self._post(path, {self._example.truth: outcome})
        self.counted.told += told is not None
        self.counted.untold += told is None

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer; None if there is none, it is an error, or too many are awaited."""
        if len(self._under_way) > IN_FLIGHT:
            return None
        with suppress(httpx.HTTPError, ValueError):
            answer = await self._client.post(path, json=body)
            if answer.is_success:
                return answer.json() if answer.content else {}
        return None


async def count_into(file: Path, caller: Caller, seconds: float) -> None:
    """A line of what callers saw, every so many seconds, without end."""
    log = open_log(file)
    while True:
        await asyncio.sleep(seconds)
        counted, caller.counted = caller.counted, Counted()
        log.info(json.dumps(counted.summarise()))
