"""`python -m bench.topology`: how long a diagnosis takes with many services in the map.

Timed is all from the answers of Prometheus, as text, to the verdict, in seconds of CPU, so other load on the
machine does not count. The services are made up: what Prometheus takes is not in it. One service, deep in the
map, is slow, and the verdict has to name it.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

import httpx
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from diagnosis.signals.series import Values
from diagnosis.topology.engine import diagnose_services
from diagnosis.topology.live import collect_services
from diagnosis.verdict.verdict import Verdict
from prometheus.client import MARK, AsyncClient

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

SIZES = {(20, 60): 1.0, (200, 600): 3.0}
"""Services and calls of a map, and the seconds that a diagnosis may take with them."""

ROUNDS = 3

Row = tuple[str, dict[str, str], Values]
"""The name of a query, and the labels and values of a series that it gives."""


class Measured(NamedTuple):
    """CPU seconds until the telemetry is read, and then until the verdict; PromQL queries; the verdict."""

    reading: float
    diagnosing: float
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


def make_calls(services: int, calls: int) -> Mapping[int, list[int]]:
    """Whom each service calls: each but the first is called by one before it, the rest is drawn."""
    drawn = np.random.default_rng(services)
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
        yield "cpu", labels, 0 * rate + 0.2
        yield "memory", labels, 0 * rate + 1e8
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
    """It answers batches of queries with made-up series, and counts what it is asked."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self.asked: list[str] = []
        self._bodies: dict[str, bytes] = {}
        self._texts: dict[str, list[str]] = {}
        for query, labels, values in rows:
            points = [[at, f"{value:.9g}"] for at, value in zip(TIMES.tolist(), values.tolist(), strict=True)]
            text = json.dumps({"metric": {**labels, MARK: query}, "values": points})
            self._texts.setdefault(query, []).append(text)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = {key: found[0] for key, found in parse_qs(request.content.decode()).items()}
        names = re.findall(rf'"{MARK}", "(\w+)"', asked["query"])
        self.asked += names
        key = " ".join(names)
        if key not in self._bodies:
            self._bodies[key] = self._write(names, int(asked["limit"]))
        return httpx.Response(200, content=self._bodies[key])

    def _write(self, names: list[str], limit: int) -> bytes:
        found = [text for name in names for text in self._texts.get(name, ())]
        return f'{{"status": "success", "data": {{"result": [{", ".join(found[:limit])}]}}}}'.encode()


def _no_traces(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": []})


def measure(services: int, calls: int) -> Measured:
    """Diagnose the first service of such a map; the quickest of ROUNDS."""
    shape = make_calls(services, calls)
    slow = find_slow(shape)
    prometheus = Prometheus(make_rows(shape, slow))
    rounds = [asyncio.run(_measure(prometheus, name(slow))) for _ in range(ROUNDS)]
    return min(rounds, key=lambda each: each.seconds)


async def _measure(prometheus: Prometheus, slow: str) -> Measured:
    asked = AsyncClient("Prometheus", "http://made.up", transport=httpx.MockTransport(prometheus))
    jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(_no_traces))
    prometheus.asked.clear()
    began = time.process_time()
    evidence, addresses = await collect_services(asked, jaeger, START, float(TIMES[-1]))
    read = time.process_time()
    verdict = diagnose_services(evidence, addresses, [name(0)], alerted_at=ONSET + 60)
    return Measured(read - began, time.process_time() - read, len(prometheus.asked), verdict, slow)


def main() -> None:
    """Print the seconds by size of the map; exit status 1 if one takes too long or blames another service."""
    table = Table(
        "services", "calls", "reading s", "diagnosing s", "in all s", "at most s", "queries", box=None
    )
    found = {size: measure(*size) for size in SIZES}
    for (services, calls), each in found.items():
        seconds = (each.reading, each.diagnosing, each.seconds, SIZES[services, calls])
        table.add_row(str(services), str(calls), *(f"{value:.2f}" for value in seconds), str(each.queries))
    Console().print(table)
    for each in found.values():
        if not each.is_right:
            Console().print(f"{each.slow} is slow; blamed: {each.verdict.component or 'nobody'}")
    if not all(each.is_right and each.seconds <= SIZES[size] for size, each in found.items()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
