"""Packs and topology in one diagnosis: chosen by the telemetry that is there."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from diagnosis import Evidence, diagnose
from diagnosis.collection import collect
from diagnosis.packs.llm.signals import ask_llms
from diagnosis.packs.models.queries import ask_models
from diagnosis.packs.recommender.queries import OF_ANYBODY, QUERIES
from diagnosis.topology.live import Collected
from diagnosis.topology.queries import ASKED_SIGNALS, ask_details, ask_traffic
from prometheus.client import MARK, AsyncClient
from tests.unit.diagnosis.packs.recommender.alterations import late
from tests.unit.diagnosis.packs.recommender.world import World
from tests.unit.diagnosis.topology.shop import ADDRESSES, ALERTED, SHOP, Shop
from tests.unit.diagnosis.topology.test_engine import SLOW_DATABASE

BOTH = ("recommender", "gateway")


def mix(shop: Shop, *, slow: bool) -> Evidence:
    """The demo, with slow storage or without, beside a shop; trouble begins at the same time."""
    world = World(5, before=400.0, after=195.0)
    world.alter += [late(0.6)] if slow else []
    demo, other = world.evidence(), shop.evidence()
    return other.model_copy(update={"series": {**demo.series, **other.series}, "traces": demo.traces})


@pytest.mark.parametrize(
    ("shop", "slow", "services", "cause"),
    [
        (SHOP, True, BOTH, "storage-latency"),
        (SLOW_DATABASE, False, BOTH, "dependency-slow"),
        (SHOP, True, (), "storage-latency"),
        (SHOP, True, ("",), "storage-latency"),
        (SLOW_DATABASE, False, ("", "gateway"), "dependency-slow"),
    ],
)
def test_the_cause_is_found_by_whoever_knows_the_service(
    shop: Shop, slow: bool, services: tuple[str, ...], cause: str
) -> None:
    found = diagnose(mix(shop, slow=slow), ADDRESSES, services, alerted_at=ALERTED)
    assert found.cause == cause
    assert found.confidence > 0.6


def test_of_two_troubles_at_once_the_other_is_an_alternative() -> None:
    found = diagnose(mix(SLOW_DATABASE, slow=True), ADDRESSES, BOTH, alerted_at=ALERTED)
    assert found.cause == "storage-latency"
    other = found.alternatives[0]
    assert other.cause == "dependency-slow: postgresql@db:5432" and other.confidence > 0.6
    assert "postgresql@db:5432 answers pricing late" in other.why_not


def test_none_is_said_only_if_all_say_so() -> None:
    assert diagnose(mix(SHOP, slow=False), ADDRESSES, BOTH).domain == "none"
    assert diagnose(mix(SHOP, slow=False), ADDRESSES, (*BOTH, "silent")).domain == "unknown"


def test_a_service_is_the_packs_by_its_telemetry_and_not_by_its_name() -> None:
    """Somebody else's service has the same name."""
    series = SLOW_DATABASE.evidence().series
    renamed = {
        query: [
            each.model_copy(
                update={
                    "labels": {
                        key: "recommender" if value == "gateway" else value
                        for key, value in each.labels.items()
                    }
                }
            )
            for each in rows
        ]
        for query, rows in series.items()
    }
    evidence = SHOP.evidence().model_copy(update={"series": renamed})
    found = diagnose(evidence, ADDRESSES, ["recommender"], alerted_at=ALERTED)
    assert found.cause == "dependency-slow"
    assert [place.name for place in found.path] == ["recommender", "pricing", "postgresql@db:5432"]


def test_without_a_pack_and_without_names_all_services_are_examined() -> None:
    found = diagnose(SLOW_DATABASE.evidence(), ADDRESSES, alerted_at=ALERTED)
    assert found.cause == "dependency-slow"
    assert found.entity is not None and found.entity.name == "postgresql@db:5432"


def test_results_of_packs_and_of_the_topology_have_names_of_their_own() -> None:
    batches = [*ask_traffic(), *ask_details(), ask_llms(), ask_models(900.0)]
    names = [name for batch in batches for name in batch]
    assert not QUERIES.keys() & {*names, *ASKED_SIGNALS}
    assert len({*names, *ASKED_SIGNALS}) == len(names) + len(ASKED_SIGNALS)


def test_without_telemetry_the_verdict_is_unknown() -> None:
    shop = SHOP.evidence()
    nothing = shop.model_copy(update={"series": {}})
    machine = World(5, before=400.0, after=195.0).evidence().series
    of_the_machine = nothing.model_copy(
        update={"series": {name: machine[name] for name in OF_ANYBODY & machine.keys()}}
    )
    for evidence in (nothing, of_the_machine):
        found = diagnose(evidence)
        assert (found.domain, found.confidence) == ("unknown", 0.0)
        assert "no telemetry" in found.summary


def read(known: Callable[[str], bool], *services: str) -> tuple[Collected, list[str]]:
    """What is collected, and asked, of a Prometheus that has one series for each query that is `known`."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "j":
            return httpx.Response(200, json={"data": []})
        query = parse_qs(request.content.decode())["query"][0]
        asked.append(query)
        names = [name for name in QUERIES if f'"{name}"' in query and MARK in query and known(name)]
        result = [{"metric": {MARK: name}, "values": [[1_000, "1"]]} for name in names]
        return httpx.Response(
            200, json={"status": "success", "data": {"resultType": "matrix", "result": result}}
        )

    async def run() -> Collected:
        transport = httpx.MockTransport(answer)
        prometheus = AsyncClient("Prometheus", "http://p", transport=transport)
        jaeger = AsyncClient("Jaeger", "http://j", transport=transport)
        try:
            return await collect(prometheus, jaeger, 1_000.0, 1_900.0, services, {"latency": 0.2})
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())

    return asyncio.run(run()), asked


def is_topology(query: str) -> bool:
    return '"served"' in query


def test_a_pack_is_asked_where_it_may_be_concerned_and_topology_about_the_rest() -> None:
    found, asked = read(lambda _: True)
    assert set(QUERIES) == set(found.evidence.series)
    assert found.evidence.limits == {"latency": 0.2}
    assert not any(map(is_topology, asked))
    found, asked = read(lambda _: True, "recommender", "gateway")
    assert set(QUERIES) <= set(found.evidence.series)
    assert any(map(is_topology, asked))
    found, asked = read(lambda _: True, "gateway")
    assert not found.evidence.series
    assert any(map(is_topology, asked))


def test_where_a_pack_has_no_telemetry_the_topology_is_asked() -> None:
    for services in ((), ("recommender",)):
        found, asked = read(lambda name: name in OF_ANYBODY, *services)
        assert not found.evidence.series
        assert any(map(is_topology, asked))
