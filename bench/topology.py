"""`python -m bench.topology`: how long a diagnosis takes with many services in the map.

Timed is all from the answers of Prometheus, as text, to the verdict, in seconds of CPU, so other load on the
machine does not count. The services are made up: what Prometheus takes is not in it. One service, deep in the
map, is slow, and the verdict has to name it.

A diagnosis runs beside other work of the same event loop. Timed too is how long that has to wait for its
turn, in seconds of CPU as well.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs

import httpx
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from diagnosis import collection, diagnose
from diagnosis.signals.series import Values
from diagnosis.topology.queries import SIGNAL, SIGNALS
from diagnosis.verdict.verdict import Verdict
from prometheus.client import MARK, AsyncClient
from prometheus.services.dependencies import ENDS

START, STEP, COUNT = 1_700_000_000.0, 5.0, 181
TIMES = START + STEP * np.arange(COUNT)
ONSET = START + 600.0
"""Fifteen minutes, in Unix seconds."""

RATE, SECONDS, LATER = 10.0, 0.02, 0.5
"""Requests per second of each service, the seconds that it takes itself, and those of the slow one later."""

SELDOM = 0.05
"""Calls per request to all callees of a service but the first."""

INSTANCES = 2
"""Of each service."""

ROUNDS = 3

LONGEST_WAIT = 0.1
"""Seconds of CPU for which a diagnosis may hold up other work."""

PAUSE = 0.002
"""Seconds after which other work wants its next turn."""

Row = tuple[str, dict[str, str], Values]
"""The name of a query, and the labels and values of a series that it gives."""


class Size(NamedTuple):
    """Services and calls of a map, in so many systems of their own; a diagnosis looks at one of them.

    `limit` are the seconds that it may take.
    """

    services: int
    calls: int
    systems: int
    limit: float


SIZES = (Size(20, 60, 1, 1.0), Size(200, 600, 10, 1.0), Size(200, 600, 1, 3.0))


class Measured(NamedTuple):
    """CPU seconds until the telemetry is read, and then until the verdict; PromQL queries; the verdict.

    `waiting` is what other work had to wait at most.
    """

    reading: float
    diagnosing: float
    waiting: float
    queries: int
    verdict: Verdict
    slow: str

    @property
    def seconds(self) -> float:
        return self.reading + self.diagnosing

    @property
    def is_right(self) -> bool:
        return self.verdict.entity is not None and self.verdict.entity.name == self.slow


def name(place: int) -> str:
    return f"service-{place}"


def make_calls(services: int, calls: int, systems: int = 1) -> Mapping[int, list[int]]:
    """Whom each service calls, in systems that know nothing of each other."""
    each, found = services // systems, {}
    for first in range(0, services, each):
        for place, callees in _make_system(each, calls // systems, first).items():
            found[first + place] = [first + callee for callee in callees]
    return found


def _make_system(services: int, calls: int, seed: int) -> Mapping[int, list[int]]:
    """Each service but the first is called by one before it, the rest is drawn."""
    drawn = np.random.default_rng(seed)
    pairs = {((place - 1) // 2, place) for place in range(1, services)}
    while len(pairs) < calls:
        caller, callee = sorted(drawn.choice(services, 2, replace=False).tolist())
        pairs.add((caller, callee))
    return {place: sorted(b for a, b in pairs if a == place) for place in range(services)}


def find_slow(calls: Mapping[int, list[int]]) -> int:
    """The service at the end of a way from the first one."""
    place = 0
    while calls[place]:
        place = calls[place][0]
    return place


def weigh(callees: list[int]) -> dict[int, float]:
    """Calls per request: one to the first, and seldom one to another."""
    return {callee: 1.0 if place == 0 else SELDOM for place, callee in enumerate(callees)}


def make_seconds(calls: Mapping[int, list[int]], slow: int) -> dict[int, Values]:
    """The mean duration of each service's requests: its own time, and that of its calls."""
    seconds: dict[int, Values] = {}
    for place in sorted(calls, reverse=True):
        found = np.where((TIMES > ONSET) & (place == slow), LATER, SECONDS)
        for callee, weight in weigh(calls[place]).items():
            found = found + weight * seconds[callee]
        seconds[place] = found
    return seconds


def make_rows(calls: Mapping[int, list[int]], slow: int) -> Iterator[Row]:
    """What the queries of a diagnosis give."""
    noise = np.random.default_rng(0)
    rate = np.full(COUNT, RATE)
    durations = make_seconds(calls, slow)
    for place in calls:
        labels, seconds = {"service_name": name(place)}, durations[place] * noise.normal(1, 0.02, COUNT)
        yield from _of_requests("served", labels, rate, seconds)
        yield "served_median", labels, seconds
        yield "served_slowest", labels, 3 * seconds
        for number in range(INSTANCES):
            instance = {**labels, "instance": f"{name(place)}-{number}"}
            yield from _of_requests("instances", instance, rate / INSTANCES, seconds)
        yield "versions", {**labels, "service_version": "1.0"}, np.ones(COUNT)
        for signal, level in (("cpu", 0.2), ("memory", 1e8), ("open_files", 0.1), ("loop_lag", 0.01)):
            yield SIGNALS, {**labels, SIGNAL: signal}, 0 * rate + level
        for callee, weight in weigh(calls[place]).items():
            peer = {**labels, "server_address": name(callee), "server_port": "80"}
            waited = durations[callee] * noise.normal(1, 0.02, COUNT)
            yield from _of_call(peer, weight * rate, waited)


def _of_requests(query: str, labels: dict[str, str], rate: Values, seconds: Values) -> Iterator[Row]:
    yield query, labels, rate
    yield f"{query}_failed", labels, 0 * rate
    yield f"{query}_seconds", labels, rate * seconds


def _of_call(labels: dict[str, str], rate: Values, seconds: Values) -> Iterator[Row]:
    yield "called", {**labels, "status_code": "STATUS_CODE_UNSET"}, rate
    yield "called", {**labels, "status_code": "STATUS_CODE_ERROR", "error_type": "500"}, 0 * rate
    yield "called_seconds", labels, rate * seconds
    for query, times in (("called_fastest", 0.5), ("called_median", 1.0), ("called_slowest", 3.0)):
        yield query, labels, times * seconds


class Prometheus:
    """It answers batches of queries with made-up series, by the service they ask for, and counts them."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self.asked: list[str] = []
        self._bodies: dict[str, bytes] = {}
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row[0], []).append(row)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = {key: found[0] for key, found in parse_qs(request.content.decode()).items()}
        queries = {name: promql for promql, name in BATCHED.findall(asked["query"])}
        self.asked += queries
        if asked["query"] not in self._bodies:
            write = _write_range if request.url.path.endswith("_range") else _write_moment
            found = [text for name, promql in queries.items() for text in write(self._find(name, promql))]
            result = ", ".join(found[: int(asked["limit"])])
            body = f'{{"status": "success", "data": {{"result": [{result}]}}}}'
            self._bodies[asked["query"]] = body.encode()
        return httpx.Response(200, content=self._bodies[asked["query"]])

    def _find(self, name: str, promql: str) -> list[Row]:
        services = {json.loads(each) for each in NAMED.findall(promql)}
        return [
            row
            for row in self._rows.get(name, ())
            if all(re.fullmatch(each, row[1]["service_name"]) for each in services)
        ]


BATCHED = re.compile(rf'label_replace\((.*?), "{MARK}", "(\w+)", "", ""\)', re.DOTALL)
"""A query of a batch, and its name."""

NAMED = re.compile(r'service_name=~("(?:[^"\\]|\\.)*")')
"""Which services are asked about."""


def _write_range(rows: list[Row]) -> Iterator[str]:
    for query, labels, values in rows:
        points = [[at, f"{value:.9g}"] for at, value in zip(TIMES.tolist(), values.tolist(), strict=True)]
        yield json.dumps({"metric": {**labels, MARK: query}, "values": points})


def _write_moment(rows: list[Row]) -> Iterator[str]:
    """Who is there and who calls whom, however that ends."""
    for query, labels, _ in rows:
        kept = {name: value for name, value in labels.items() if name not in ENDS}
        yield json.dumps({"metric": {**kept, MARK: query}, "value": [float(TIMES[-1]), "1"]})


def _no_traces(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": []})


def measure(services: int, calls: int, systems: int = 1) -> Measured:
    """Diagnose the first service of such a map; the quickest of ROUNDS."""
    shape = make_calls(services, calls, systems)
    slow = find_slow(shape)
    prometheus = Prometheus(make_rows(shape, slow))
    rounds = [asyncio.run(_measure(prometheus, name(slow))) for _ in range(ROUNDS)]
    quickest = min(rounds, key=lambda each: each.seconds)
    return quickest._replace(waiting=min(each.waiting for each in rounds))


async def _measure(prometheus: Prometheus, slow: str) -> Measured:
    asked = AsyncClient("Prometheus", "http://made.up", transport=httpx.MockTransport(prometheus))
    jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(_no_traces))
    prometheus.asked.clear()
    waits: list[float] = []
    watching = asyncio.create_task(_watch(waits))
    began = time.process_time()
    collected = await collection.collect(asked, jaeger, START, float(TIMES[-1]), [name(0)])
    read = time.process_time()
    reach = partial(diagnose, *collected, [name(0)], alerted_at=ONSET + 60)
    verdict = await asyncio.to_thread(reach)
    ended = time.process_time()
    watching.cancel()
    return Measured(read - began, ended - read, max(waits), len(prometheus.asked), verdict, slow)


async def _watch(waits: list[float]) -> None:
    """How long other work of the event loop has to wait, until it is cancelled."""
    while True:
        began = time.process_time()
        await asyncio.sleep(PAUSE)
        waits.append(time.process_time() - began)


COLUMNS = ("services", "calls", "systems", "read s", "diagnose s", "all s", "limit s", "wait s", "queries")


def main() -> None:
    """Print the seconds by size of the map; exit status 1 if one takes too long or blames another service."""
    table = Table(*COLUMNS, box=None)
    found = {size: measure(*size[:3]) for size in SIZES}
    for size, each in found.items():
        seconds = (each.reading, each.diagnosing, each.seconds, size.limit, each.waiting)
        table.add_row(*map(str, size[:3]), *(f"{value:.2f}" for value in seconds), str(each.queries))
    Console().print(table)
    for each in found.values():
        if not each.is_right:
            Console().print(f"{each.slow} is slow; blamed: {each.verdict.component or 'nobody'}")
    if not all(_is_well(size, each) for size, each in found.items()):
        raise typer.Exit(1)


def _is_well(size: Size, found: Measured) -> bool:
    return found.is_right and found.seconds <= size.limit and found.waiting <= LONGEST_WAIT


if __name__ == "__main__":
    typer.run(main)
