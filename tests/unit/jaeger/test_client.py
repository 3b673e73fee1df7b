"""Searches as Jaeger takes them, and traces as it gives them."""

import json
from typing import Any

import httpx
import pytest

from jaeger.client import Trace, find, search
from prometheus.client import Client, Refused, SourceAway


def ask(content: Any, status: int = 200) -> list[Trace]:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/traces/abc"
        return httpx.Response(status, json=content)

    return Client("Jaeger", "http://jaeger.test", transport=httpx.MockTransport(handle)).ask(find("abc"))


def span(span_id: str, start: int, **more: Any) -> dict[str, Any]:
    named = {"spanID": span_id, "operationName": f"op {span_id}", "startTime": start, "duration": 2_500}
    return named | more


def test_spans_are_in_order_with_parents_tags_and_their_process() -> None:
    child = span(
        "b",
        1_000_500,
        references=[{"refType": "FOLLOWS_FROM", "spanID": "x"}, {"refType": "CHILD_OF", "spanID": "a"}],
        tags=[{"key": "error", "value": True}, {"key": "rows", "value": 3}],
        processID="p1",
    )
    process = {"serviceName": "shop", "tags": [{"key": "host.name", "value": "h"}]}
    (trace,) = ask(
        {"data": [{"traceID": "abc", "spans": [child, span("a", 1_000_000)], "processes": {"p1": process}}]}
    )
    first, second = trace.spans
    assert (trace.trace_id, trace.started_at, trace.duration_ms) == ("abc", 1.0, 3.0)
    assert (first.span_id, first.parent, first.service, first.error) == ("a", None, "", False)
    assert (second.parent, second.service, second.error) == ("a", "shop", True)
    assert (second.start_ms, second.duration_ms) == (0.5, 2.5)
    assert (second.tags["rows"], second.resource) == (3, {"host.name": "h"})


def record(**fields: str) -> dict[str, Any]:
    named = ((name.replace("_", "."), value) for name, value in fields.items())
    return {"fields": [{"key": name, "value": value} for name, value in named]}


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ([record(event="sent")], "no price"),
        ([record(exception_type="KeyError", exception_message="7"), record(event="sent")], "KeyError: 7"),
        ([record(exception_type="KeyError"), record(exception_type="OSError")], "OSError"),
        (None, "no price"),
    ],
)
def test_a_failure_is_told_by_the_last_exception_else_by_the_status(logs: Any, said: str) -> None:
    status = [{"key": "otel.status_description", "value": "no price"}]
    (trace,) = ask({"data": [{"traceID": "abc", "spans": [span("a", 1, tags=status, logs=logs)]}]})
    assert trace.spans[0].said == said


def test_a_search_names_only_what_it_looks_for() -> None:
    assert search("shop", 1.0, 2.5, limit=20).parameters == {
        "service": "shop",
        "start": "1000000",
        "end": "2500000",
        "limit": "20",
    }
    narrow = search("shop", 1, 2, limit=1, operation="GET /", tags={"a": "b"}, slower_than=0.25).parameters
    assert (narrow["operation"], narrow["minDuration"]) == ("GET /", "250ms")
    assert json.loads(narrow["tags"]) == {"a": "b"}


@pytest.mark.parametrize("content", [{"data": None}, {"data": []}, {"data": [{"spans": []}]}])
def test_nothing_found_is_no_trace(content: Any) -> None:
    assert ask(content) == []


@pytest.mark.parametrize("content", [{}, [], {"data": [{}]}, {"data": [{"traceID": "a", "spans": [{}]}]}])
def test_an_answer_that_is_not_jaegers_is_said_to_be_so(content: Any) -> None:
    with pytest.raises(SourceAway, match="Jaeger gave an answer that is not its API's"):
        ask(content)


def test_what_jaeger_does_not_have_is_refused_with_its_reason() -> None:
    with pytest.raises(Refused, match="trace not found") as caught:
        ask({"data": None, "errors": [{"code": 404, "msg": "trace not found"}]}, status=404)
    assert caught.value.status == 404
