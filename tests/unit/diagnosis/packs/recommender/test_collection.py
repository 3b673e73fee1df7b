"""Evidence from Prometheus and Jaeger as they answer, or do not."""

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from diagnosis import Evidence
from diagnosis.packs.recommender.collection import ARRIVING, collect
from diagnosis.packs.recommender.limits import Limits
from diagnosis.packs.recommender.queries import QUERIES, batches
from diagnosis.sources.live import choose_step
from prometheus.client import MARK, AsyncClient

START, END = 1_000.0, 1_900.0
Answer = Callable[[httpx.Request], httpx.Response]


def gather(answer: Answer) -> Evidence:
    async def run() -> Evidence:
        transport = httpx.MockTransport(answer)
        prometheus = AsyncClient("Prometheus", "http://p/", transport=transport)
        jaeger = AsyncClient("Jaeger", "http://j", transport=transport)
        try:
            return await collect(prometheus, jaeger, START, END, {})
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())

    return asyncio.run(run())


def test_evidence_is_linked_where_people_reach_its_source() -> None:
    async def run() -> Evidence:
        transport = httpx.MockTransport(lambda _: answer_matrix([]))
        prometheus = AsyncClient(
            "Prometheus", "http://p", transport=transport, public_address="http://127.0.0.1:9090/"
        )
        jaeger = AsyncClient("Jaeger", "http://j", transport=transport)
        try:
            return await collect(prometheus, jaeger, START, END, {})
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())

    evidence = asyncio.run(run())
    assert (evidence.prometheus_url, evidence.jaeger_url) == ("http://127.0.0.1:9090", "http://j")


def answer_matrix(result: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})


def test_every_query_is_asked_once_in_few_batches() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "p":
            asked.append(parse_qs(request.content.decode())["query"][0])
        return answer_matrix([])

    gather(answer)
    assert len(asked) == len(batches(Limits())) <= 6
    for name, query in QUERIES.items():
        assert sum(f'label_replace({query}, "{MARK}", "{name}"' in text for text in asked) == 1


def test_results_go_to_their_queries_without_what_is_no_number() -> None:
    series = {"metric": {"__name__": "x", MARK: "slow", "a": "b"}, "values": [[1_000, "0.5"], [1_005, "NaN"]]}

    def answer(request: httpx.Request) -> httpx.Response:
        return answer_matrix([series]) if request.url.host == "p" else httpx.Response(500)

    found = gather(answer)
    assert found.series["slow"][0].labels == {"a": "b"}
    assert found.series["slow"][0].values.tolist() == [[1_000.0, 0.5]]
    assert (found.prometheus_url, found.jaeger_url, found.step) == ("http://p", "http://j", 5.0)


def trace(trace_id: str, start: int) -> dict[str, Any]:
    def span(span_id: str, parent: str | None, offset: int, **tags: Any) -> dict[str, Any]:
        return {
            "spanID": span_id,
            "operationName": f"op {span_id}",
            "startTime": start + offset,
            "duration": 9_000 - offset,
            "references": [{"refType": "CHILD_OF", "spanID": parent}] if parent else [],
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
            "processID": "p1",
        }

    spans = [span("b", "a", 500, error=True, **{"model.version": "v1", "secret": "x"}), span("a", None, 0)]
    return {"traceID": trace_id, "spans": spans, "processes": {"p1": {"serviceName": "recommender"}}}


def test_traces_are_read_and_counted_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "p":
            return answer_matrix([])
        slow = "minDuration" in request.url.params
        return httpx.Response(200, json={"data": [trace("t2" if slow else "t1", 1_500_000_000)]})

    found = gather(answer)
    assert [(t.trace_id, t.selected_for_latency) for t in found.traces] == [("t1", False), ("t2", True)]
    root, child = found.traces[0].spans
    assert (root.parent, child.parent, child.start_ms, child.error) == (None, 0, 0.5, True)
    assert child.attributes == {"model.version": "v1"} and child.service == "recommender"
    assert found.traces[0].started_at == 1_500.0


def test_an_answer_in_the_shadow_is_no_part_of_the_request() -> None:
    """It may come seconds later: that is not what the user waited for."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "p":
            return answer_matrix([])
        found = trace("t1", 1_500_000_000)
        late = {**found["spans"][0], "spanID": "c", "operationName": "shadow_answer"}
        found["spans"].append({**late, "startTime": 1_503_000_000})
        return httpx.Response(200, json={"data": [found]})

    (found,) = gather(answer).traces
    assert [span.name for span in found.spans] == ["op a", "op b"]
    assert found.duration_ms == 9.0


def test_all_of_the_window_is_sampled_and_most_where_trouble_is() -> None:
    asked: list[tuple[float, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "j" and "minDuration" not in request.url.params:
            asked.append((int(request.url.params["start"]) / 1e6, int(request.url.params["end"]) / 1e6))
        return httpx.Response(200, json={"data": []})

    gather(answer)
    asked.sort()
    assert asked[0][0] == START and asked[-1][1] == END - ARRIVING
    assert all(one[1] == other[0] for one, other in pairwise(asked))
    assert sum(end > END - 90 for _, end in asked) >= 4


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "answer",
    [
        refuse,
        lambda request: httpx.Response(503, text="busy"),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(200, json={"data": None}),
        lambda request: httpx.Response(200, json={"data": {"result": [{"metric": {}, "values": [["x"]]}]}}),
        lambda request: httpx.Response(200, json={"data": [{"spans": [{}]}]}),
    ],
)
def test_sources_that_are_away_or_talk_nonsense_give_no_evidence(answer: Answer) -> None:
    found = gather(answer)
    assert not any(found.series.values()) and found.traces == []
    json.loads(found.model_dump_json())


def test_long_windows_are_read_in_longer_steps() -> None:
    assert choose_step(0, 900) == 5
    assert 6 * 3_600 / choose_step(0, 6 * 3_600) <= 240
