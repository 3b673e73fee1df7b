"""`python -m examples.shop.users.traffic`: users at a rate, whatever the shop answers; the back office."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx

from examples.shop.services.defects import DefectsFolder
from examples.shop.users.tally import Tally, open_log
from examples.shop.users.visitors import Step, Visitor, arrive

FASTEST = 100.0
"""Requests per second that are never exceeded."""
AROUND = 40
"""Users in the shop at a time."""
IN_FLIGHT = 200
TIMEOUT = httpx.Timeout(10.0, connect=2.0)
WINDOW_SECONDS = 5.0
REPORT_SECONDS = 2.0


class Traffic:
    """Requests of many users to one shop, in a random order that the seed decides."""

    def __init__(self, client: httpx.AsyncClient, defects: DefectsFolder, rate: float, seed: int) -> None:
        self._client = client
        self._defects = defects
        self._rate = rate
        self._random = Random(seed)
        self._arrivals: Iterator[Visitor] = arrive(seed)
        self._idle = [next(self._arrivals) for _ in range(AROUND)]
        self._under_way: set[asyncio.Task[None]] = set()
        self.tally = Tally()

    async def run(self, until: float) -> None:
        """Sends until the event loop's clock says `until`; arrivals are Poisson."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while (due := due + self._random.expovariate(self.rate)) < until:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due, loop.time() - 1)  # what a stall of this process missed is not sent after all
            self._send_one()
        await asyncio.gather(*self._under_way)

    @property
    def rate(self) -> float:
        """Requests per second now."""
        return min(FASTEST, self._rate * self._defects.now.rate_factor)

    def _send_one(self) -> None:
        if len(self._under_way) >= IN_FLIGHT:
            self.tally.unsent += 1
            return
        chosen = self._random.randrange(len(self._idle)) if self._idle else None
        visitor = next(self._arrivals) if chosen is None else self._idle.pop(chosen)
        task = asyncio.create_task(self._send(visitor))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, visitor: Visitor) -> None:
        step = visitor.choose()
        started = time.perf_counter()
        status = await self._ask(step)
        self.tally.count(step.kind, status, time.perf_counter() - started)
        visitor.learn(step, status)
        if len(self._idle) < AROUND:
            self._idle.append(next(self._arrivals) if visitor.gone else visitor)

    async def _ask(self, step: Step) -> int:
        try:
            return (await self._client.request(step.method, step.path, json=step.body)).status_code
        except httpx.HTTPError:
            return 0


async def ask_for_reports(url: str) -> None:
    """The back office: a look at the sales every two seconds, whose outcome no user notices."""
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                await client.get("/sales")
            await asyncio.sleep(REPORT_SECONDS)


async def serve(traffic: Traffic, counts: Path, reports: str) -> None:
    """Sends without end, and writes what users saw to a file every SHOP_WINDOW seconds, five by default."""
    log = open_log(counts)
    window_seconds = float(os.environ.get("SHOP_WINDOW") or WINDOW_SECONDS)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(traffic.run(float("inf")))
        tasks.create_task(ask_for_reports(reports))
        while True:
            await asyncio.sleep(window_seconds)
            window, traffic.tally = traffic.tally, Tally()
            log.info(json.dumps(window.summarise()))


async def run(rate: float, seed: int) -> None:
    state = Path(os.environ["SHOP_STATE"])
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=0)  # users share none
    async with httpx.AsyncClient(
        base_url=os.environ["GATEWAY_URL"], timeout=TIMEOUT, limits=limits, trust_env=False
    ) as client:
        traffic = Traffic(client, DefectsFolder(state / "defects", "traffic"), rate, seed)
        await serve(traffic, state / "counts.jsonl", os.environ["REPORTS_URL"])


def main() -> None:
    """Send traffic until stopped: SHOP_RATE requests per second, by the users of SHOP_SEED."""
    rate = _rate(os.environ.get("SHOP_RATE") or "10")
    with suppress(KeyboardInterrupt):
        asyncio.run(run(rate, int(os.environ.get("SHOP_SEED") or "1")))


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= FASTEST:
        sys.exit(f"shop: the rate must be above 0 and at most {FASTEST:g} requests per second, not {text!r}")
    return rate


if __name__ == "__main__":
    main()
