"""`python -m bench.replicas`: a diagnosis of many services with many replicas in a real Prometheus.

The services are those of bench.topology, fifteen minutes of them, sent as the collector does. A diagnosis is
measured twice: of each process, and of what the rules of `topology: {recorded: true}` record of them. Told is
also what one evaluation of those rules takes.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qs

import httpx
import numpy as np
import typer
from numpy.typing import NDArray
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ResourceMetrics, ScopeMetrics
from rich.console import Console
from rich.table import Table

from bench.overhead.processes import ServerFailed
from bench.own_prometheus import OwnPrometheus, run_prometheus
from bench.pipeline.encoding import Attributes, set_attributes
from bench.topology import (
    BATCHED,
    COUNT,
    ONSET,
    RATE,
    START,
    STEP,
    find_slow,
    make_calls,
    make_seconds,
    name,
    weigh,
)
from components.build import ComponentMissing
from diagnosis import diagnose
from diagnosis.collection import collect
from diagnosis.verdict.verdict import Verdict
from prometheus.api import TIMEOUT
from prometheus.client import AsyncClient
from prometheus.series.recorded import REQUEST_SIGNAL
from prometheus.services import traffic
from prometheus.services.requests import SPANS
from stack import StackError

LIMIT, MOST_QUERIES = 3.0, 60
"""Seconds and queries of a diagnosis."""

PATIENCE = 600.0
"""Seconds that a request may take here; a running stack gives up after TIMEOUT."""

SCALE, LOWEST, BUCKETS = 3, -80, 96
"""Of the histograms: eight buckets for each doubling, from 1 ms to 4 s."""

SHAPE = np.exp(-0.5 * (np.arange(-12, 13) / 5.0) ** 2)
"""How requests are spread over the buckets around the mean."""

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
SCOPE_METRICS = ResourceMetrics.SCOPE_METRICS_FIELD_NUMBER

Values = NDArray[np.float64]


class Asked(NamedTuple):
    """A request to Prometheus: its queries, and the seconds and bytes of the answer."""

    queries: tuple[str, ...]
    seconds: float
    size: int


class Measured(NamedTuple):
    """A diagnosis: the series in Prometheus, what was asked, seconds of reading and of thinking, the verdict.

    `spent` are CPU seconds of Prometheus.
    """

    series: float
    asked: Sequence[Asked]
    reading: float
    diagnosing: float
    spent: float
    verdict: Verdict
    slow: str

    @property
    def seconds(self) -> float:
        return self.reading + self.diagnosing

    @property
    def queries(self) -> int:
        return sum(max(1, len(each.queries)) for each in self.asked)

    @property
    def is_right(self) -> bool:
        return self.verdict.entity is not None and self.verdict.entity.name == self.slow


class Histogram:
    """Seconds of requests, that grow."""

    def __init__(self, scope: ScopeMetrics, labels: Attributes, began: int) -> None:
        metric = scope.metrics.add(name="traces.requests.duration", unit="s")
        metric.exponential_histogram.aggregation_temporality = CUMULATIVE
        self._point = metric.exponential_histogram.data_points.add(start_time_unix_nano=began, scale=SCALE)
        self._point.positive.offset = LOWEST
        set_attributes(self._point.attributes, labels)
        self._counts = np.zeros(BUCKETS)

    def grow(self, now: int, requests: float, seconds: float) -> None:
        """So many more, of so many seconds in the mean."""
        middle = round(np.log2(seconds) * 2**SCALE) - LOWEST
        around = slice(middle - len(SHAPE) // 2, middle + len(SHAPE) // 2 + 1)
        self._counts[around] += requests * SHAPE / SHAPE.sum()
        counts = self._counts.round().astype(int)
        self._point.time_unix_nano = now
        self._point.count = int(counts.sum())
        self._point.sum += requests * seconds
        self._point.positive.bucket_counts[:] = counts.tolist()


class Sums:
    """What the processes of a service take: CPU seconds and memory."""

    def __init__(self, scope: ScopeMetrics, began: int) -> None:
        spent = scope.metrics.add(name="process.cpu.time", unit="s").sum
        spent.aggregation_temporality, spent.is_monotonic = CUMULATIVE, True
        held = scope.metrics.add(name="process.memory.usage", unit="By").sum
        held.aggregation_temporality = CUMULATIVE
        self._points = [each.data_points.add(start_time_unix_nano=began) for each in (spent, held)]

    def grow(self, now: int) -> None:
        spent, held = self._points
        spent.time_unix_nano = held.time_unix_nano = now
        spent.as_double += 0.2 * STEP
        held.as_double = 1e8


class Service:
    """The metrics of a service; all its replicas send the same."""

    def __init__(self, place: int, callees: Mapping[int, float], replicas: int, began: int) -> None:
        self._callees = callees
        self._scope = ScopeMetrics()
        self._served = Histogram(self._scope, {"span.kind": "SPAN_KIND_SERVER", **_UNSET}, began)
        self._called = {callee: Histogram(self._scope, _name_peer(callee), began) for callee in callees}
        self._sums = Sums(self._scope, began)
        self._resources = [
            _write_resource(name(place), f"{name(place)}-{number}") for number in range(replicas)
        ]

    def encode(self, now: int, requests: float, seconds: Mapping[int, float], own: float) -> bytes:
        """A step later: the metrics of all replicas, as a part of an export request."""
        self._served.grow(now, requests, own)
        for callee, weight in self._callees.items():
            self._called[callee].grow(now, weight * requests, seconds[callee])
        self._sums.grow(now)
        scope = _frame(SCOPE_METRICS, self._scope.SerializeToString())
        return b"".join(_frame(1, resource + scope) for resource in self._resources)


_UNSET = {"status.code": "STATUS_CODE_UNSET"}


def _name_peer(callee: int) -> Attributes:
    return {"span.kind": "SPAN_KIND_CLIENT", **_UNSET, "server.address": name(callee), "server.port": "80"}


def _write_resource(service: str, instance: str) -> bytes:
    resource = ResourceMetrics()
    own = {"service.name": service, "service.instance.id": instance, "service.version": "1.0"}
    set_attributes(resource.resource.attributes, own)
    return bytes(resource.SerializeToString())


def _frame(field: int, content: bytes) -> bytes:
    """A message as a field of another: its tag, length and content."""
    length, head = len(content), bytearray([field << 3 | 2])
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + content


def make_requests(calls: Mapping[int, list[int]], replicas: int, shift: float) -> Iterator[bytes]:
    """Fifteen minutes of export requests, one for each step; times of bench.topology are `shift` later."""
    began, slow = round((START + shift) * 1e9), find_slow(calls)
    durations = make_seconds(calls, slow)
    noise = np.random.default_rng(0).normal(1, 0.02, (len(calls), COUNT))
    services = {place: Service(place, weigh(calls[place]), replicas, began) for place in calls}
    for step in range(COUNT):
        now = began + round(step * STEP * 1e9)
        seconds = {place: float(durations[place][step] * noise[place, step]) for place in calls}
        parts = [
            service.encode(now, STEP * RATE / replicas, seconds, seconds[place])
            for place, service in services.items()
        ]
        yield b"".join([*parts, _write_signals(calls, now)])


def _write_signals(calls: Mapping[int, list[int]], now: int) -> bytes:
    """What a recording rule says of each service: its requests are told by spans."""
    scope = ScopeMetrics()
    point = scope.metrics.add(name=REQUEST_SIGNAL.name).gauge.data_points.add(time_unix_nano=now, as_double=1)
    set_attributes(point.attributes, {"signal": SPANS})
    written = _frame(SCOPE_METRICS, scope.SerializeToString())
    return b"".join(_frame(1, _write_resource(name(place), "rules") + written) for place in calls)


class Watched(httpx.AsyncHTTPTransport):
    """Notes what is asked, and how long the answer takes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Asked] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = parse_qs(bytes(await request.aread()).decode()).get("query", [""])[0]
        queries = tuple(each for _, each in BATCHED.findall(asked))
        began = time.monotonic()
        answer = await super().handle_async_request(request)
        body = await answer.aread()
        self.asked.append(Asked(queries, time.monotonic() - began, len(body)))
        kept = {"content-type": "application/json"}
        return httpx.Response(answer.status_code, headers=kept, content=body)


class Results(NamedTuple):
    """Two diagnoses, and the CPU seconds of Prometheus that one evaluation of the rules takes."""

    of_processes: Measured
    of_records: Measured
    evaluation: float


def measure(folder: Path, services: int, calls: int, replicas: int, say: Any) -> Results:
    """Diagnoses of the first service. Raises HTTPError."""
    shape = make_calls(services, calls)
    shift = time.time() - (START + STEP * (COUNT - 1))
    slow = name(find_slow(shape))
    with run_prometheus(folder) as prometheus:
        say(f"sending 15 minutes of {services * replicas:,} processes")
        prometheus.push(make_requests(shape, replicas, shift))
        say("diagnosing")
        of_processes = asyncio.run(_diagnose(prometheus, slow, shift))
        say("recording")
        start, end = START + shift, START + shift + STEP * (COUNT - 1)
        evaluation = _evaluate(prometheus, end)
        prometheus.push(record(prometheus.url, start, end))
        say("diagnosing")
        return Results(of_processes, asyncio.run(_diagnose(prometheus, slow, shift)), evaluation)


def _evaluate(prometheus: OwnPrometheus, at: float) -> float:
    """CPU seconds of Prometheus for all rules at one moment."""
    before = prometheus.server.cpu_seconds()
    with httpx.Client(base_url=prometheus.url, timeout=PATIENCE, trust_env=False) as client:
        for rule in traffic.traffic_rules():
            asked = {"query": rule["expr"], "time": str(at)}
            client.post("/api/v1/query", data=asked).raise_for_status()
    return prometheus.server.cpu_seconds() - before


def record(url: str, start: float, end: float) -> Iterator[bytes]:
    """What the rules would have recorded by now, as export requests: one for each of them."""
    with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
        for rule in traffic.traffic_rules():
            asked = {"query": rule["expr"], "start": str(start), "end": str(end), "step": str(traffic.STEP)}
            answer = client.post("/api/v1/query_range", data=asked).raise_for_status()
            yield write_records(rule["record"], answer.json()["data"]["result"])


def write_records(name: str, found: Sequence[Mapping[str, Any]]) -> bytes:
    """Series of Prometheus' answer as an export request, under this name."""
    request = b""
    for series in found:
        labels = dict(series["metric"])
        resource = _write_resource(labels.pop("service_name"), labels.pop("instance", "rules"))
        scope = ScopeMetrics()
        gauge = scope.metrics.add(name=name).gauge
        for at, value in series["values"]:
            point = gauge.data_points.add(time_unix_nano=round(float(at) * 1e9), as_double=float(value))
            set_attributes(point.attributes, labels)
        request += _frame(1, resource + _frame(SCOPE_METRICS, scope.SerializeToString()))
    return request


async def _diagnose(prometheus: OwnPrometheus, slow: str, shift: float) -> Measured:
    watched = Watched()
    asked = AsyncClient("Prometheus", prometheus.url, PATIENCE, transport=watched)
    jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(_no_traces))
    series = prometheus.count("prometheus_tsdb_head_series")
    spent, began = prometheus.server.cpu_seconds(), time.monotonic()
    window = START + shift, START + shift + STEP * (COUNT - 1)
    collected = await collect(asked, jaeger, *window, [name(0)])
    read, used = time.monotonic(), prometheus.server.cpu_seconds()
    reach = partial(diagnose, *collected, [name(0)], alerted_at=ONSET + shift + 60)
    verdict = await asyncio.to_thread(reach)
    ended = time.monotonic()
    await asked.close()
    return Measured(series, watched.asked, read - began, ended - read, used - spent, verdict, slow)


def _no_traces(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": []})


def tabulate(found: Measured) -> Table:
    """A row for each request, the slowest first."""
    table = Table("queries", "seconds", "MB", box=None)
    for each in sorted(found.asked, key=lambda each: -each.seconds):
        table.add_row(", ".join(each.queries) or "one", f"{each.seconds:.2f}", f"{each.size / 1e6:.2f}")
    return table


def conclude(found: Measured, what: str) -> str:
    """Times, queries and the verdict, in a line."""
    blamed = found.verdict.component or "nobody"
    late = sum(each.seconds > TIMEOUT for each in found.asked)
    return (
        f"Of {what}, {found.series:,.0f} series: {found.seconds:.2f} s, {found.reading:.2f} of "
        f"them reading and {found.diagnosing:.2f} thinking; {found.queries} queries in {len(found.asked)} "
        f"requests, {found.spent:.2f} CPU seconds of Prometheus; {late} of the requests took more than the "
        f"{TIMEOUT:.0f} s that a running stack waits. Slow is {found.slow}, blamed {blamed}."
    )


def is_well(found: Measured) -> bool:
    """Whether the verdict was right, in time, with few queries."""
    return found.is_right and found.seconds <= LIMIT and found.queries <= MOST_QUERIES


def main(
    services: Annotated[int, typer.Option(min=10, max=500)] = 200,
    calls: Annotated[int, typer.Option(min=10, max=5_000)] = 600,
    replicas: Annotated[int, typer.Option(min=1, max=50)] = 20,
) -> None:
    """Print where the time goes; exit status 1 if it takes too long or blames another service."""
    console = Console(width=130, highlight=False)
    try:
        with tempfile.TemporaryDirectory() as folder, console.status("") as status:
            found = measure(Path(folder), services, calls, replicas, status.update)
    except (ComponentMissing, ServerFailed, StackError, httpx.HTTPError) as failure:
        sys.exit(f"bench.replicas: {failure}")
    for measured, what in ((found.of_processes, "each process"), (found.of_records, "what is recorded")):
        console.print(tabulate(measured), conclude(measured, what), "", sep="\n")
    console.print(
        f"One evaluation of the rules takes {found.evaluation:.2f} CPU seconds of Prometheus, "
        f"{found.evaluation / traffic.STEP:.0%} of a core."
    )
    if not is_well(found.of_records):
        console.print(f"FAIL: the right verdict in {LIMIT:g} s with {MOST_QUERIES} queries was aimed at")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
