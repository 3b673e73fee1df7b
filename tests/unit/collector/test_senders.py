"""What comes out of the collector for senders that are stock, old, broken or careless."""

from typing import Any

import pytest
import yaml

from services.ingest.inspection import MADE_OF_SPANS
from stack import ROOT
from tests.e2e.live import eventually
from tests.unit.collector.otelcol import (
    CONFIG,
    JAEGER_RECEIVES,
    Collector,
    Seen,
    counter,
    encode,
    histogram,
    span,
)

MIB = 2**20
CONFIGURATION = yaml.safe_load(CONFIG.read_text())


def one_span(collector: Collector, service: str) -> Seen:
    (seen,) = eventually(f"the span of {service}", lambda: collector.backends.spans(service))
    return seen


def points(collector: Collector, service: str, metric: str, count: int = 1) -> list[Seen]:
    def found() -> list[Seen]:
        seen = collector.backends.points(service, metric)
        return seen if len(seen) >= count else []

    return eventually(f"{count} points of {metric} from {service}", found)


def span_metric_names(collector: Collector, service: str) -> dict[str, int]:
    """Spans counted so far by name."""
    seen = eventually(
        f"span metrics of {service}",
        lambda: collector.backends.points(service, "traces.span.metrics.duration"),
    )
    return {each.attributes["span.name"]: each.message.count for each in seen}


def test_old_http_metrics_become_the_present_ones(collector: Collector) -> None:
    old = {"http.method": "GET", "http.status_code": 200, "http.scheme": "http", "http.host": "shop:80"}
    collector.send_metrics(
        {"service.name": "fastapi-old"},
        histogram(
            "http.server.duration",
            "ms",
            {**old, "http.target": "/users/1?page=2"},
            {**old, "http.target": "/users/2"},
        ),
        histogram("http.client.duration", "ms", {**old, "net.peer.name": "api", "http.url": "http://api/1"}),
    )
    (served,) = points(collector, "fastapi-old", "http.server.request.duration")
    assert served.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/users/{id}",
        "url.scheme": "http",
    }
    assert (served.metric.unit, served.message.count, served.message.sum) == ("s", 400, pytest.approx(40))
    assert list(served.message.explicit_bounds) == pytest.approx([0.05, 0.25])
    (asked,) = points(collector, "fastapi-old", "http.client.request.duration")
    assert asked.attributes["server.address"] == "api" and "http.url" not in asked.attributes


def test_a_sender_of_both_names_is_counted_once(collector: Collector) -> None:
    collector.send_metrics(
        {"service.name": "both"},
        histogram("http.server.request.duration", "s", {"http.request.method": "GET"}),
        histogram("http.server.duration", "ms", {"http.method": "GET"}),
    )
    points(collector, "both", "http.server.duration")
    assert len(collector.backends.points("both", "http.server.request.duration")) == 1


def test_the_old_name_of_a_models_provider_becomes_the_present_one(collector: Collector) -> None:
    old = {"gen_ai.system": "openai", "gen_ai.token.type": "input"}
    collector.send_metrics(
        {"service.name": "assistant"}, histogram("gen_ai.client.token.usage", "{token}", old)
    )
    (seen,) = points(collector, "assistant", "gen_ai.client.token.usage")
    assert seen.attributes == {"gen_ai.provider.name": "openai", "gen_ai.token.type": "input"}


def test_old_http_attributes_of_spans_are_renamed(collector: Collector) -> None:
    old = {"http.method": "GET", "http.status_code": 500, "http.target": "/a?b=c", "net.host.name": "shop"}
    collector.send_spans({"service.name": "old-spans"}, span("GET /a", old))
    assert one_span(collector, "old-spans").attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 500,
        "url.path": "/a",
        "url.query": "b=c",
        "server.address": "shop",
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"host.name": "web", "process.pid": 7}, "web:7"),
        ({"host.name": "web", "container.id": "c0ffee", "process.pid": 7}, "c0ffee:7"),
        ({"host.name": "web", "k8s.pod.uid": "b1-2"}, "b1-2"),
        ({"process.pid": 7}, "7"),
        ({"service.instance.id": "mine", "host.name": "web", "process.pid": 7}, "mine"),
        ({}, None),
    ],
)
def test_processes_are_told_apart_by_what_is_known(
    collector: Collector, known: dict[str, Any], expected: str | None
) -> None:
    service = f"forked-{expected}"
    collector.send_spans({"service.name": service, **known}, span())
    collector.send_metrics({"service.name": service, **known}, counter("orders", (1, {})))
    assert one_span(collector, service).resource.get("service.instance.id") == expected
    (point,) = points(collector, service, "orders")
    assert point.resource.get("service.instance.id") == expected


def test_a_sender_without_a_name_says_so(collector: Collector) -> None:
    collector.send_metrics({}, counter("nameless", (1, {})))
    assert points(collector, "unknown_service", "nameless")


def test_long_texts_are_cut_at_whole_characters(collector: Collector) -> None:
    text = "é" * 500_000
    messages = {"arrayValue": {"values": [{"stringValue": "x" * 100_000}]}}
    event = {"name": "log", "attributes": [{"key": "body", "value": {"stringValue": text}}]}
    collector.send_spans(
        {"service.name": "llm"},
        span("n" * 5000, {"prompt": text, "gen_ai.input.messages": messages}, events=[event]),
    )
    collector.send_metrics({"service.name": "llm"}, counter("prompts", (1, {"prompt": "x" * MIB})))
    seen = one_span(collector, "llm")
    assert seen.attributes["prompt"] == "é" * 2048 and len(seen.name) == 1024
    assert len(seen.attributes["gen_ai.input.messages"]) == 4096
    assert seen.message.events[0].attributes[0].value.string_value == "é" * 2048
    assert len(points(collector, "llm", "prompts")[0].attributes["prompt"]) == 4096


def test_a_message_of_many_large_spans_arrives_whole(collector: Collector) -> None:
    """12 MiB, three times what a gRPC server receives unless told otherwise."""
    large = {f"text.{i}": "x" * 4000 for i in range(60)}
    collector.send_spans({"service.name": "bulky"}, *(span("bulk", large) for _ in range(50)))
    eventually("all 50 spans", lambda: len(collector.backends.spans("bulky")) == 50)


def test_attributes_that_are_short_keep_their_types(collector: Collector) -> None:
    short = {"ids": [1, 2], "n": 5, "share": 0.5, "on": True, "body": {"bytesValue": "AAEC"}}
    collector.send_spans({"service.name": "typed", "args": ["a", "b"]}, span("work", short))
    seen = one_span(collector, "typed")
    assert seen.attributes == {"ids": [1, 2], "n": 5, "share": 0.5, "on": True, "body": b"\x00\x01\x02"}
    assert seen.resource["args"] == ["a", "b"]


def test_long_lists_become_texts_that_are_cut_and_the_span_says_so(collector: Collector) -> None:
    many = {"ids": list(range(20_000)), "route": "/a", "n": 5, "k" * 600: "v"}
    event = {"name": "rows", "attributes": encode(many | {"a": 1, "b": 2, "c": 3})}
    collector.send_spans({"service.name": "listing"}, span("work", many, events=[event]))
    seen = one_span(collector, "listing")
    assert seen.attributes.pop("ids").startswith("[0,1,2,")
    assert seen.attributes == {"route": "/a", "n": "5", "whence.shortened": True}
    assert [each.key for each in seen.message.events[0].attributes] == ["ids", "route", "n", "a"]
    assert len(seen.message.events[0].attributes[0].value.string_value) == 4096


def test_the_limits_of_receiver_batch_and_jaeger_agree() -> None:
    protocols = CONFIGURATION["receivers"]["otlp"]["protocols"]
    received = protocols["grpc"]["max_recv_msg_size_mib"] * MIB
    assert protocols["http"]["max_request_body_size"] == received
    batch = CONFIGURATION["exporters"]["otlp_grpc/jaeger"]["sending_queue"]["batch"]
    jaeger = yaml.safe_load((ROOT / "jaeger" / "config.yaml").read_text())
    accepted = jaeger["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * MIB
    assert batch["sizer"] == "bytes" and accepted == JAEGER_RECEIVES
    assert received < batch["max_size"] < accepted


def test_span_metrics_see_names_without_ids_and_traces_with_them(collector: Collector) -> None:
    names = {
        "GET /users/123/orders/9": "GET /users/{id}/orders/{id}",
        "GET /v1/files/3f2b8c1e-9d4a-4c7b-8f6e-0a1b2c3d4e5f": "GET /v1/files/{id}",
        "GET /search?q=shoes": "GET /search",
        "load 5f4dcc3b5aa765d61d8327deb882cf99": "load {id}",
        "job:48213": "job:{id}",
        "chat claude-3-5-sonnet-20241022": "chat claude-3-5-sonnet-20241022",
    }
    collector.send_spans({"service.name": "routed"}, *(span(name) for name in names))
    assert span_metric_names(collector, "routed").keys() == set(names.values())
    assert {seen.name for seen in collector.backends.spans("routed")} >= {*names} - {"GET /search?q=shoes"}


DATABASE = {"db.system.name": "postgresql", "server.address": "db", "server.port": 5432}
OLD_DATABASE = {"db.system": "postgresql", "net.peer.name": "db", "net.peer.port": 5432}
REFUSED: dict[str, Any] = {
    "status": {"code": 2},
    "events": [{"name": "exception", "attributes": encode({"exception.type": "ConnectionRefusedError"})}],
}


@pytest.mark.parametrize(
    ("service", "sent", "more", "counted"),
    [
        ("queries", DATABASE, {}, DATABASE),
        ("old-queries", OLD_DATABASE, {}, DATABASE),
        ("refused", DATABASE, REFUSED, {**DATABASE, "error.type": "ConnectionRefusedError"}),
        (
            "limited",
            {"http.request.method": "GET", "server.address": "api", "http.response.status_code": 429},
            {},
            {"server.address": "api", "error.type": "429"},
        ),
        (
            "prompts",
            {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "server.address": "llm"},
            {},
            {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "server.address": "llm"},
        ),
    ],
)
def test_calls_are_counted_by_whom_they_go_to_and_how_they_fail(
    collector: Collector, service: str, sent: dict[str, Any], more: dict[str, Any], counted: dict[str, Any]
) -> None:
    collector.send_spans({"service.name": service}, span("call", sent, kind=3, **more))
    (seen,) = points(collector, service, "traces.requests.calls")
    assert counted.items() <= seen.attributes.items()


def test_ingest_tells_what_the_collector_makes_of_spans_by_its_scope(collector: Collector) -> None:
    collector.send_spans({"service.name": "spans-only"}, span())
    points(collector, "spans-only", "traces.requests.calls")
    scopes = {
        scope.scope.name
        for request in collector.backends.metrics
        for group in request.resource_metrics
        for scope in group.scope_metrics
        if any(metric.name.startswith("traces.") for metric in scope.metrics)
    }
    assert scopes == {MADE_OF_SPANS}


def test_what_clients_call_a_server_is_no_dimension_of_what_it_serves(collector: Collector) -> None:
    spans = (span("GET /", {"server.address": host, "server.port": 80}) for host in ("a", "b", "c"))
    collector.send_spans({"service.name": "many-names"}, *spans)
    (seen,) = points(collector, "many-names", "traces.requests.calls")
    assert "server.address" not in seen.attributes


def test_requests_and_calls_tell_the_version_that_runs(collector: Collector) -> None:
    """One process id, two versions after each other: a release of a service that sends traces alone."""
    for version in ("1.0", "1.1"):
        resource = {"service.name": "traced", "service.instance.id": "1", "service.version": version}
        collector.send_spans(resource, span("GET /"), span("SELECT", kind=3))
    seen = points(collector, "traced", "traces.requests.calls", 4)
    told = {(each.attributes["span.kind"], each.attributes["service.version"]) for each in seen}
    assert told == {(f"SPAN_KIND_{kind}", v) for kind in ("SERVER", "CLIENT") for v in ("1.0", "1.1")}
    assert all("service.version" not in each.resource for each in seen)


def test_span_metrics_of_one_service_are_bounded(collector: Collector) -> None:
    limit = CONFIGURATION["connectors"]["span_metrics"]["aggregation_cardinality_limit"]
    words = (f"{a}{b}{c}" for a in "abcdefghijk" for b in "lmnopqrstuv" for c in "wxyzabcdefg")
    collector.send_spans({"service.name": "wordy"}, *(span(word) for word in words))
    eventually("span metrics", lambda: collector.backends.points("wordy", "traces.span.metrics.calls"))
    last = collector.backends.points("wordy", "traces.span.metrics.calls")
    assert len({str(each.attributes) for each in last}) <= limit + 1
    assert any(each.attributes.get("otel.metric.overflow") for each in last)


def test_spans_of_wrong_clocks_are_kept_and_measure_nothing_below_zero(collector: Collector) -> None:
    collector.send_spans(
        {"service.name": "skewed"},
        span("ahead", startTimeUnixNano=str(4 * 10**18), endTimeUnixNano=str(4 * 10**18 + 10**8)),
        span(
            "backwards",
            startTimeUnixNano=str(1_700_000_000 * 10**9 + 5),
            endTimeUnixNano=str(1_700_000_000 * 10**9),
        ),
    )
    eventually("both spans", lambda: len(collector.backends.spans("skewed")) == 2)
    assert span_metric_names(collector, "skewed") == {"ahead": 1, "backwards": 1}
    sums = {
        each.attributes["span.name"]: each.message.sum
        for each in collector.backends.points("skewed", "traces.span.metrics.duration")
    }
    assert sums == {"ahead": 100, "backwards": 0}
