"""One request for many queries, series as numbers, and one line that says what is wrong with a server."""

import asyncio
import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from prometheus.client import (
    MARK,
    AsyncClient,
    Client,
    Refused,
    Request,
    Rule,
    SourceAway,
    query,
    query_batch,
    query_range,
    query_range_batch,
    rules,
)

T = TypeVar("T")
Handle = Callable[[httpx.Request], httpx.Response]
ADDRESS = "http://prometheus.test/"


def wait(handle: Handle, request: Request[T]) -> T:
    client = Client("Prometheus", ADDRESS, 3, httpx.MockTransport(handle))
    try:
        return client.ask(request)
    finally:
        client.close()


def await_(handle: Handle, request: Request[T]) -> T:
    async def run() -> T:
        client = AsyncClient("Prometheus", ADDRESS, 3, httpx.MockTransport(handle))
        try:
            return await client.ask(request)
        finally:
            await client.close()

    return asyncio.run(run())


both = pytest.mark.parametrize("ask", [wait, await_])


def answer(*series: dict[str, Any]) -> Handle:
    return lambda request: httpx.Response(200, json={"data": {"result": list(series)}})


@both
def test_queries_go_in_one_request_and_answers_come_back_by_name(ask: Callable[..., Any]) -> None:
    asked: list[dict[str, list[str]]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(parse_qs(request.content.decode()))
        metric = {"__name__": "up", "job": "a", MARK: "one"}
        return answer({"metric": metric, "values": [[10, "1"], [15, "NaN"], [20, "2.5"]]})(request)

    answers = ask(handle, query_range_batch({"one": "up", "two": "down"}, 10.0, 20.5, 5.0))
    ((sent,), [found]) = asked, answers["one"]
    assert (sent["start"], sent["end"], sent["step"]) == (["10"], ["20.5"], ["5"])
    assert all(f'label_replace({promql}, "{MARK}"' in sent["query"][0] for promql in ("up", "down"))
    assert (found.labels, found.points, found.last) == ({"job": "a"}, ((10.0, 1.0), (20.0, 2.5)), 2.5)
    assert answers["two"] == []


def test_many_series_are_read_whatever_is_in_their_labels() -> None:
    metrics = [{"number": str(number), "path": '},{"metric":{}'} for number in range(1_000)]
    result = [{"metric": metric, "values": [[10, "1"], [15, metric["number"]]]} for metric in metrics]
    body = {"status": "success", "data": {"resultType": "matrix", "result": result}, "warnings": ["]}}"]}
    for indent in (None, 2):
        response = httpx.Response(200, text=json.dumps(body, indent=indent))
        found = wait(partial(lambda answer, _: answer, response), query_range("up", 10, 15, 5))
        assert [series.labels for series in found] == metrics
        assert [series.last for series in found] == list(range(1_000))


def test_a_series_without_a_finite_number_is_no_answer_in_a_batch() -> None:
    handle = answer({"metric": {MARK: "one"}, "value": [10, "+Inf"]})
    assert wait(handle, query_batch({"one": "up"}, 10)) == {"one": []}


def test_a_single_query_says_which_series_there_are() -> None:
    (found,) = wait(answer({"metric": {"a": "b"}, "value": [10, "NaN"]}), query("up"))
    assert (found.labels, found.points) == ({"a": "b"}, ())


def test_a_histogram_is_a_series_without_numbers() -> None:
    sample = [10, {"count": "2", "sum": "3", "buckets": []}]
    for series in ({"histogram": sample}, {"histograms": [sample]}):
        (found,) = wait(answer({"metric": {"a": "b"}, **series}), query("x"))
        assert (found.labels, found.points) == ({"a": "b"}, ())


def test_the_rules_of_all_groups_are_read() -> None:
    alert = {"name": "A", "health": "ok", "alerts": [{"labels": {"x": "y"}, "state": "firing"}]}
    broken = {"name": "b", "health": "err", "lastError": "too many samples"}

    def handle(request: httpx.Request) -> httpx.Response:
        assert dict(request.url.params) == {"type": "alert"}
        return httpx.Response(200, json={"data": {"groups": [{"rules": [alert]}, {"rules": [broken]}]}})

    assert wait(handle, rules(alerting=True)) == [
        Rule("A", "ok", "", ({"x": "y"},)),
        Rule("b", "err", "too many samples", ()),
    ]


def test_a_large_answer_is_read_beside_the_event_loop() -> None:
    request = Request("/", {}, lambda body: threading.get_ident())
    here = threading.get_ident()
    assert await_(lambda _: httpx.Response(200, content=b" " * 1_000_000), request) != here


def test_a_link_asks_the_same() -> None:
    link = urlsplit(query_range('up{a="b c"} + 1', 10, 20, 5).link("http://p:9090"))
    assert (link.netloc, link.path) == ("p:9090", "/api/v1/query_range")
    assert parse_qs(link.query)["query"] == ['up{a="b c"} + 1']


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def time_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@both
@pytest.mark.parametrize(
    ("handle", "said"),
    [
        (refuse, "cannot be reached at http://prometheus.test"),
        (time_out, "did not answer within 3 s at http://prometheus.test"),
        (
            lambda request: httpx.Response(422, json={"error": "too many samples"}),
            "status 422: too many samples",
        ),
        (lambda request: httpx.Response(502, text="<html>"), "status 502"),
        (lambda request: httpx.Response(200, text="<html>"), "not its API's"),
        (lambda request: httpx.Response(200, json=[1]), "not its API's"),
        (
            lambda request: httpx.Response(200, json={"data": {"result": [{"value": [1, "2"]}]}}),
            "not its API's",
        ),
    ],
)
def test_every_failure_is_one_sentence(ask: Callable[..., Any], handle: Handle, said: str) -> None:
    with pytest.raises(SourceAway, match=f"^Prometheus .*{said}") as caught:
        ask(handle, query_batch({"one": "up"}, 10))
    assert "\n" not in str(caught.value)


def test_a_refusal_says_why() -> None:
    with pytest.raises(Refused) as caught:
        wait(lambda request: httpx.Response(400, json={"error": "parse error"}), query("up("))
    assert (caught.value.status, caught.value.reason) == (400, "parse error")
