"""Only what a diagnosis looks at is asked about, and the verdict is the same as if all were."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest

from bench.topology import (
    COUNT,
    ONSET,
    RATE,
    START,
    TIMES,
    Prometheus,
    Row,
    find_slow,
    make_calls,
    make_rows,
    name,
)
from diagnosis import Verdict, collection, diagnose
from diagnosis.signals.series import Values
from diagnosis.topology import live
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.live import Collected
from diagnosis.topology.scope import find_scope
from prometheus.client import MARK, AsyncClient
from prometheus.services.traffic import STEP

CALLS = make_calls(40, 60, 4)
"""Four systems of ten services; the first is diagnosed."""

SLOW = find_slow(CALLS)
OUTSIDER = 10
"""The first service of the second system."""

DATABASE = {"server_address": "db", "server_port": "5432", "db_system_name": "postgresql"}
AWAY = "service-5"


def service(place: int | str) -> Entity:
    return Entity(Kind.SERVICE, str(place))


def names(entities: frozenset[Entity]) -> set[str]:
    return {entity.name for entity in entities}


def calls_of_database(place: int, rate: float, seconds: Values) -> Iterator[Row]:
    labels = {"service_name": name(place), **DATABASE}
    yield "called", {**labels, "status_code": "STATUS_CODE_UNSET"}, np.full(COUNT, rate)
    yield "called_seconds", labels, rate * seconds
    yield "called_median", labels, seconds


def share_database() -> Iterator[Row]:
    """The slow service waits for a database that answers most of its callers, of another system, as ever."""
    yield from make_rows(CALLS, SLOW)
    yield from calls_of_database(SLOW, RATE, np.where(TIMES > ONSET, 0.49, 0.01))
    yield from calls_of_database(OUTSIDER, 20 * RATE, np.full(COUNT, 0.01))


def lose_telemetry() -> Iterator[Row]:
    """Nothing arrives from AWAY any more; its callers are answered."""
    for query, labels, values in make_rows(CALLS, SLOW):
        gone = labels["service_name"] == AWAY and not query.startswith("called")
        yield query, labels, np.where((TIMES > ONSET) & gone, np.nan, values)


TROUBLES: Mapping[str, tuple[Callable[[], Iterator[Row]], str, str]] = {
    "a slow service": (lambda: make_rows(CALLS, SLOW), name(0), "service-slow"),
    "a shared database": (share_database, name(0), "dependency-slow"),
    "of a callee": (lambda: make_rows(CALLS, SLOW), name(SLOW), "service-slow"),
    "telemetry lost": (lose_telemetry, AWAY, "telemetry-lost"),
    "nobody's service": (lambda: make_rows(CALLS, SLOW), "unheard-of", "unknown"),
}
"""What happens, the service that is diagnosed, and why."""


def collect(rows: Iterator[Row], symptom: str) -> Collected:
    async def run() -> Collected:
        prometheus = AsyncClient(
            "Prometheus", "http://made.up", transport=httpx.MockTransport(Prometheus(rows))
        )
        return await collection.collect(prometheus, jaeger(), START, float(TIMES[-1]), [symptom])

    return asyncio.run(run())


def jaeger() -> AsyncClient:
    nothing = httpx.MockTransport(lambda request: httpx.Response(200, json={"data": []}))
    return AsyncClient("Jaeger", "http://made.up", transport=nothing)


def judge(collected: Collected, symptom: str) -> Verdict:
    return diagnose(*collected, [symptom], alerted_at=ONSET + 60)


def asked_about(collected: Collected, *queries: str) -> set[str]:
    series = collected.evidence.series
    return {row.labels["service_name"] for query in queries for row in series.get(query, ())}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_verdict_is_that_on_everything(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, symptom, cause = TROUBLES[trouble]
    part = collect(make(), symptom)
    monkeypatch.setattr(live, "NEARLY_ALL", 0.0)
    everything = collect(make(), symptom)
    assert len(asked_about(everything, "served")) == len(CALLS)
    assert len(asked_about(part, "served")) <= 10
    assert judge(part, symptom) == judge(everything, symptom)
    assert judge(part, symptom).cause == cause


def test_other_services_are_not_asked_about() -> None:
    found = collect(share_database(), name(0))
    of_calls = {query for query in found.evidence.series if query.startswith("called")}
    own = {name(place) for place in range(10)}
    assert asked_about(found, *found.evidence.series.keys() - of_calls) == own
    assert asked_about(found, *of_calls) - own == {name(OUTSIDER)}, "it calls the same database"


def test_nearly_all_are_asked_about_without_naming_them() -> None:
    asked: list[str] = []
    answer = Prometheus(make_rows(make_calls(10, 15), 9))

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        return answer(request)

    async def run() -> None:
        prometheus = AsyncClient("Prometheus", "http://made.up", transport=httpx.MockTransport(handle))
        await collection.collect(prometheus, jaeger(), START, float(TIMES[-1]), [name(0)])

    asyncio.run(run())
    assert asked and not any("service-0" in query for query in asked)


@pytest.mark.parametrize(("part", "recorded"), [(0.0, False), (0.5, False), (1.0, True)])
def test_traffic_is_read_as_recorded_if_nearly_all_of_the_time_is(part: float, recorded: bool) -> None:
    ranges: list[str] = []
    answer, seconds = Prometheus(make_rows(make_calls(10, 15), 9)), float(TIMES[-1]) - START
    counted = {
        "metric": {"service_name": name(0), MARK: "evaluations"},
        "value": [float(TIMES[-1]), f"{part * seconds / STEP}"],
    }

    def handle(request: httpx.Request) -> httpx.Response:
        found = answer(request).json()
        if request.url.path.endswith("_range"):
            ranges.append(parse_qs(request.content.decode())["query"][0])
        elif part:
            found["data"]["result"].append(counted)
        return httpx.Response(200, json=found)

    async def run() -> None:
        prometheus = AsyncClient("Prometheus", "http://made.up", transport=httpx.MockTransport(handle))
        await collection.collect(prometheus, jaeger(), START, float(TIMES[-1]), [name(0)])

    asyncio.run(run())
    of_traffic = [each for each in ranges if '"served_slowest"' in each or '"called_slowest"' in each]
    assert len(of_traffic) == 2
    assert ["traffic:" in each for each in of_traffic] == [recorded] * 2


@pytest.mark.parametrize(
    ("symptom", "services", "callers"),
    [
        ("gateway", {"gateway", "pricing"}, {"gateway", "pricing", "reports"}),
        ("pricing", {"gateway", "pricing"}, {"gateway", "pricing", "reports"}),
        ("reports", {"reports", "mail"}, {"reports", "mail", "pricing"}),
        ("unheard-of", {"unheard-of"}, {"unheard-of"}),
    ],
)
def test_a_diagnosis_looks_at_callers_and_all_that_they_depend_on(
    symptom: str, services: set[str], callers: set[str]
) -> None:
    shared = Entity(Kind.DATABASE, "postgresql@db")
    pairs: Mapping[str, list[Entity]] = {
        "gateway": [service("pricing")],
        "pricing": [shared],
        "reports": [shared, service("mail")],
    }
    calls = (Call(service(caller), callee) for caller, callees in pairs.items() for callee in callees)
    scope = find_scope(Topology(calls), [symptom])
    assert (names(scope.services), names(scope.callers)) == (services, callers)
