"""The benchmark of a diagnosis' speed: a made-up map is diagnosed right, with few queries."""

import asyncio

import httpx
import numpy as np

from bench.topology import (
    COUNT,
    RATE,
    START,
    TIMES,
    Prometheus,
    Row,
    find_slow,
    make_calls,
    make_rows,
    measure,
)
from diagnosis import collection
from diagnosis.packs.llm.signals import ask_llms
from diagnosis.packs.models.queries import COUNTS, FEATURES
from diagnosis.topology.live import Collected
from prometheus.client import AsyncClient

MOST_QUERIES = 30


def collect(prometheus: Prometheus) -> Collected:
    async def run() -> Collected:
        asked = AsyncClient("Prometheus", "http://made.up", transport=httpx.MockTransport(prometheus))
        jaeger = AsyncClient("Jaeger", "http://made.up", transport=httpx.MockTransport(no_traces))
        return await collection.collect(asked, jaeger, START, float(TIMES[-1]), ["service-0"])

    return asyncio.run(run())


def no_traces(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": []})


def test_a_made_up_map_has_as_many_services_and_calls_as_asked_for() -> None:
    calls = make_calls(20, 60)
    assert (len(calls), sum(map(len, calls.values()))) == (20, 60)


def test_systems_know_nothing_of_each_other() -> None:
    calls = make_calls(20, 60, 2)
    assert (len(calls), sum(map(len, calls.values()))) == (20, 60)
    assert all(caller // 10 == callee // 10 for caller, callees in calls.items() for callee in callees)


def test_the_slow_service_is_found_with_fewer_than_thirty_queries() -> None:
    found = measure(20, 60)
    assert found.is_right
    assert 0 < found.queries < MOST_QUERIES


def test_language_models_are_asked_about_only_where_one_is_called() -> None:
    calls = make_calls(5, 6)
    rows = list(make_rows(calls, find_slow(calls)))
    without, with_one = Prometheus(iter(rows)), Prometheus(iter([*rows, model_call()]))
    collect(without)
    collect(with_one)
    assert set(with_one.asked) - set(without.asked) == set(ask_llms())
    assert len(with_one.asked) < MOST_QUERIES


def test_watched_models_are_asked_about_only_where_a_service_that_matters_has_one() -> None:
    calls = make_calls(5, 6)
    rows = list(make_rows(calls, find_slow(calls)))
    by_place: list[set[str]] = []
    for service in ("service-0", "of nobody"):
        watched = "served", {"service_name": service, "model_name": "fraud"}, np.full(COUNT, 1.0)
        without, with_one = (Prometheus(iter(given)) for given in (rows, [*rows, watched, model_call()]))
        collect(without)
        collect(with_one)
        by_place.append(set(with_one.asked) - set(without.asked) - set(ask_llms()))
        assert len(with_one.asked) <= MOST_QUERIES
    assert by_place == [{COUNTS, FEATURES}, set()]


def model_call() -> Row:
    labels = {
        "service_name": "service-0",
        "gen_ai_provider_name": "openai",
        "status_code": "STATUS_CODE_UNSET",
    }
    return "called", labels, np.full(COUNT, RATE)
