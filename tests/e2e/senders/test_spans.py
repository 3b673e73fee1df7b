"""No sender of spans keeps another's from Jaeger: what its store would refuse is made shorter, and named."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from components.build import ComponentMissing
from tests.e2e.live import eventually
from tests.e2e.senders.pipeline import Pipeline, run_pipeline

LONG = "x" * 70_000
"""Longer than what Jaeger's store takes in a key."""

Spoil = Callable[[ResourceSpans, Any], None]
"""Makes a resource with one span one that Jaeger's store would refuse."""


def long_list(_: ResourceSpans, span: Any) -> None:
    values = span.attributes.add(key="ids").value.array_value.values
    for number in range(20_000):
        values.add().int_value = number


def long_map(_: ResourceSpans, span: Any) -> None:
    inner = span.attributes.add(key="body").value.kvlist_value.values.add(key="items").value.array_value
    for _number in range(20):
        inner.values.add().string_value = "y" * 4_000


def not_numbers(_: ResourceSpans, span: Any) -> None:
    long_list(_, span)
    span.attributes[0].value.array_value.values.add().double_value = float("nan")
    span.attributes.add(key="ratio").value.double_value = float("nan")


def long_bytes(_: ResourceSpans, span: Any) -> None:
    span.attributes.add(key="body").value.bytes_value = LONG.encode()


def long_key(_: ResourceSpans, span: Any) -> None:
    span.attributes.add(key=LONG).value.int_value = 1


def many_attributes(_: ResourceSpans, span: Any) -> None:
    for number in range(150_000):
        span.attributes.add(key=f"key{number}").value.bool_value = True


def many_events(_: ResourceSpans, span: Any) -> None:
    for number in range(120_000):
        span.events.add(name=f"event {number}").attributes.add(key="at").value.int_value = number


def large_events(_: ResourceSpans, span: Any) -> None:
    for number in range(500):
        event = span.events.add(name=f"event {number}")
        for key in range(8):
            event.attributes.add(key=f"text {key}").value.string_value = f"{number}" + "z" * 3_500


def long_event(_: ResourceSpans, span: Any) -> None:
    values = span.events.add(name="rows").attributes.add(key="rows").value.array_value.values
    for number in range(20_000):
        values.add().string_value = str(number)


def long_resource(resource: ResourceSpans, _: Any) -> None:
    values = resource.resource.attributes.add(key="process.command_args").value.array_value.values
    for number in range(20_000):
        values.add().string_value = str(number)


def long_scope(resource: ResourceSpans, _: Any) -> None:
    resource.scope_spans[0].scope.name = LONG
    resource.scope_spans[0].scope.version = LONG


def long_trace_state(_: ResourceSpans, span: Any) -> None:
    span.trace_state = f"vendor={LONG}"


def long_service(resource: ResourceSpans, _: Any) -> None:
    resource.resource.attributes[0].value.string_value += LONG


SPOILT: dict[str, Spoil] = {
    "long-list": long_list,
    "long-map": long_map,
    "not-numbers": not_numbers,
    "long-bytes": long_bytes,
    "long-key": long_key,
    "many-attributes": many_attributes,
    "many-events": many_events,
    "large-events": large_events,
    "long-event": long_event,
    "long-resource": long_resource,
    "long-scope": long_scope,
    "long-trace-state": long_trace_state,
    "long-service": long_service,
}
SHORTENED = SPOILT.keys() - {"long-scope", "long-trace-state", "long-service"}
"""Of the others only texts are cut."""
TRACES = {name: number for number, name in enumerate(SPOILT, start=1)}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """After every kind was sent, each in one request with an innocent neighbour's span."""
    try:
        with run_pipeline(tmp_path_factory.mktemp("spans"), jaeger=True) as running:
            for name, spoil in SPOILT.items():
                request = ExportTraceServiceRequest()
                _add_span(request, f"before-{name}", 2 * TRACES[name])
                resource = _add_span(request, f"sender-{name}", 2 * TRACES[name] + 1)
                spoil(resource, resource.scope_spans[0].spans[0])
                assert running.post("otlp_http_port", request.SerializeToString(), "traces") == 200
            yield running
    except ComponentMissing as missing:
        pytest.skip(str(missing))


def _add_span(request: ExportTraceServiceRequest, service: str, trace: int) -> ResourceSpans:
    resource: ResourceSpans = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    now = time.time_ns()
    span = resource.scope_spans.add().spans.add(trace_id=trace.to_bytes(16), span_id=trace.to_bytes(8))
    span.name, span.kind = "work", span.SPAN_KIND_SERVER
    span.start_time_unix_nano, span.end_time_unix_nano = now - 1_000_000, now
    return resource


def read_trace(pipeline: Pipeline, trace: int) -> dict[str, Any]:
    """The trace as Jaeger has it, {} if it has not."""
    url = f"{pipeline.url('jaeger_port')}/api/traces/{trace:032x}"
    answer: httpx.Response = pipeline.http.get(url)
    found: dict[str, Any] = answer.json()["data"][0] if answer.is_success else {}
    return found


@pytest.mark.parametrize("name", SPOILT)
def test_the_neighbours_span_and_the_spoilt_one_are_stored(pipeline: Pipeline, name: str) -> None:
    trace = 2 * TRACES[name]
    eventually("the neighbour's span", lambda: read_trace(pipeline, trace), 60)
    spoilt = eventually("the spoilt span", lambda: read_trace(pipeline, trace + 1), 60)
    assert ("whence.shortened" in json.dumps(spoilt)) == (name in SHORTENED)


def test_nothing_is_left_that_would_be_sent_for_ever(pipeline: Pipeline) -> None:
    waiting = 'otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/jaeger"} 0'
    eventually("the queue is empty", lambda: waiting in pipeline.http.get(_metrics(pipeline)).text, 60)


def _metrics(pipeline: Pipeline) -> str:
    return f"{pipeline.url('collector_metrics_port')}/metrics"


def test_the_senders_of_what_was_made_shorter_are_named_and_nobody_else(pipeline: Pipeline) -> None:
    expected = {f"sender-{name}" for name in SHORTENED}
    query = 'traces_requests_calls_total{whence_shortened="true"}'

    def named() -> bool:
        return {sample["metric"]["service_name"] for sample in pipeline.query(query)} == expected

    eventually("each is named", named, 60)
