"""What is asked of Jaeger: which services answer at addresses that only traces tell of, and what to cite."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from diagnosis import Verdict, diagnose
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.traces import add_traces, ask_addresses, find_unknown_callees
from diagnosis.verdict.verdict import CitedTrace
from prometheus.client import AsyncClient
from tests.unit.diagnosis.topology.shop import ADDRESSES, ALERTED
from tests.unit.diagnosis.topology.test_engine import SLOW_DATABASE

GATEWAY = Entity(Kind.SERVICE, "gateway")
START, END = 1_000.0, 1_900.0
LOST = START + 300
"""Since when fraud's spans do not arrive."""


def span(span_id: str, process: str, parent: str = "", **tags: Any) -> dict[str, Any]:
    named = [{"key": name.replace("_", "."), "value": value} for name, value in tags.items()]
    references = [{"refType": "CHILD_OF", "spanID": parent}] if parent else []
    times = {"startTime": 1, "duration": 1}
    return {
        "spanID": span_id,
        "operationName": "any",
        "processID": process,
        "tags": named,
        "references": references,
        **times,
    }


def trace(caller: str, address: str, port: int, callee: str) -> dict[str, Any]:
    spans = [span("1", "p", server_address=address, server_port=port), span("2", "q", "1")]
    return {
        "traceID": "t",
        "spans": spans,
        "processes": {"p": {"serviceName": caller}, "q": {"serviceName": callee}},
    }


def learn(topology: Topology) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What is learned from a Jaeger that gives the latest calls to fraud, and how it was searched."""
    searches: list[dict[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        searches.append(asked)
        calls_fraud = json.loads(asked["tags"]) == {"server.address": "10.0.0.8", "server.port": "8102"}
        whole = int(asked["end"]) <= LOST * 1_000_000
        found = [trace("gateway", "10.0.0.8", 8102, "fraud")] if calls_fraud and whole else []
        return httpx.Response(200, json={"data": found})

    async def ask() -> dict[str, str]:
        jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(handle))
        return await ask_addresses(jaeger, find_unknown_callees(topology), START, END)

    return asyncio.run(ask()), searches


def test_a_rare_call_is_looked_for_by_its_address_before_its_spans_were_lost_too() -> None:
    fraud = Entity(Kind.PEER, "10.0.0.8:8102")
    found, searches = learn(Topology([Call(GATEWAY, fraud)]))
    assert found == {"10.0.0.8:8102": "fraud"}
    assert {each["service"] for each in searches} == {"gateway"}


@pytest.mark.parametrize(
    ("peer", "tags"),
    [
        ("S4@api.example", {"server.address": "api.example"}),
        ("fd00::7:8102", {"server.address": "fd00::7", "server.port": "8102"}),
    ],
)
def test_an_address_can_be_a_host_alone_and_of_ipv6(peer: str, tags: dict[str, str]) -> None:
    _, searches = learn(Topology([Call(GATEWAY, Entity(Kind.PEER, peer))]))
    assert searches
    assert all(json.loads(each["tags"]) == tags for each in searches)


def test_only_calls_to_unknown_addresses_are_looked_for() -> None:
    known = (Entity(Kind.SERVICE, "pricing"), Entity(Kind.DATABASE, "postgresql@db:5432"))
    nameless = Entity(Kind.PEER, "unnamed")
    host = Entity(Kind.PEER, "S4@api.example")
    calls = [Call(GATEWAY, callee) for callee in (*known, nameless, host)]
    _, searches = learn(Topology(calls))
    assert {each["tags"] for each in searches} == {'{"server.address": "api.example"}'}


@pytest.mark.parametrize("own", [[], [CitedTrace(trace_id="a" * 32)]])
def test_a_verdict_that_cites_requests_already_keeps_them(own: list[CitedTrace]) -> None:
    evidence = SLOW_DATABASE.evidence()
    searches: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        searches.append(request)
        return httpx.Response(200, json={"data": []})

    async def cite() -> Verdict:
        jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(handle))
        found = diagnose(evidence, ADDRESSES, ["gateway"], alerted_at=ALERTED)
        return await add_traces(jaeger, found.model_copy(update={"traces": own}), evidence, ADDRESSES)

    assert asyncio.run(cite()).traces == own
    assert bool(searches) is not bool(own)
