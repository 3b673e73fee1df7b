"""OTEL_* variables act as the SDK documents them, and a bad one ends the process with one line."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.trace import Link, SpanContext, TraceFlags

from services.instrumentation import Telemetry
from telemetry.instruments import HTTP_SERVER_REQUEST_DURATION
from tests.unit.services.instrumentation.conftest import Start
from tests.unit.services.instrumentation.support import FakeCollector, attributes, until

ELSEWHERE = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))


@dataclass
class Sent:
    """What a service with some variables sent, and where."""

    collector: FakeCollector
    recording: bool

    @property
    def span(self) -> Span:
        (span,) = [span for span in self.collector.spans() if span.name == "work"]
        return span

    @property
    def header(self) -> dict[str, str]:
        return self.collector.headers[0]

    @property
    def duration(self) -> Any:
        return self.collector.metric(HTTP_SERVER_REQUEST_DURATION.name)


Act = Callable[[Sent], bool]
TABLE: list[tuple[dict[str, str], Act]] = [
    ({}, lambda sent: sent.duration.HasField("exponential_histogram") and len(sent.collector.traces) == 1),
    ({"OTEL_SERVICE_NAME": "mine"}, lambda sent: sent.collector.resource()["service.name"] == "mine"),
    (
        {"OTEL_RESOURCE_ATTRIBUTES": "service.version=9,deployment.environment.name=prod"},
        lambda sent: (
            sent.collector.resource()["service.version"] == "9"
            and sent.collector.resource()["deployment.environment.name"] == "prod"
        ),
    ),
    ({"OTEL_SDK_DISABLED": "true"}, lambda sent: not sent.recording and not sent.collector.headers),
    ({"OTEL_TRACES_SAMPLER": "always_off"}, lambda sent: not sent.recording),
    (
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
        lambda sent: not sent.recording,
    ),
    ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1"}, lambda sent: len(sent.span.attributes) == 1),
    (
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3"},
        lambda sent: attributes(sent.span.attributes)["word"] == "abc",
    ),
    (
        {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "2"},
        lambda sent: attributes(sent.span.attributes)["word"] == "ab",
    ),
    ({"OTEL_SPAN_EVENT_COUNT_LIMIT": "1"}, lambda sent: len(sent.span.events) == 1),
    ({"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1"}, lambda sent: len(sent.span.events[0].attributes) == 1),
    ({"OTEL_SPAN_LINK_COUNT_LIMIT": "1"}, lambda sent: len(sent.span.links) == 1),
    ({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}, lambda sent: len(sent.collector.traces) == 2),
    ({"OTEL_EXPORTER_OTLP_HEADERS": "x-team=ml"}, lambda sent: sent.header["x-team"] == "ml"),
    ({"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, lambda sent: sent.header["content-encoding"] == "gzip"),
    ({"OTEL_TRACES_EXPORTER": "none"}, lambda sent: sent.recording and not sent.collector.traces),
    ({"OTEL_METRICS_EXPORTER": "none"}, lambda sent: not sent.collector.metrics),
    (
        {"OTEL_METRICS_EXEMPLAR_FILTER": "always_off"},
        lambda sent: not sent.duration.exponential_histogram.data_points[0].exemplars,
    ),
    (
        {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"},
        lambda sent: (
            sent.duration.exponential_histogram.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
        ),
    ),
    (
        {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "explicit_bucket_histogram"},
        lambda sent: sent.duration.HasField("histogram"),
    ),
    (
        {"OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": "false"},
        lambda sent: sent.collector.metric("otel.sdk.processor.span.processed") is None,
    ),
    ({"OTEL_SERVICE_NAME": ""}, lambda sent: sent.collector.resource()["service.name"] == "shop"),
]


@pytest.mark.parametrize(("variables", "acts"), TABLE, ids=[" ".join(row[0]) or "none" for row in TABLE])
def test_a_variable_acts(
    variables: dict[str, str], acts: Act, collector: FakeCollector, start: Start
) -> None:
    slowly = {"OTEL_BSP_SCHEDULE_DELAY": "60000", "OTEL_METRIC_EXPORT_INTERVAL": "60000"}
    telemetry = start(collector.endpoint, **slowly, **variables)
    recording = work(telemetry)
    telemetry.shutdown()
    assert acts(Sent(collector, recording))


def work(telemetry: Telemetry) -> bool:
    """Make two spans and a measurement; whether the spans are recorded."""
    links = [Link(ELSEWHERE), Link(ELSEWHERE)]
    with telemetry.tracer.start_as_current_span("work", links=links) as span:
        span.set_attributes({"word": "abcdef", "number": 7})
        span.add_event("once", {"a": 1, "b": 2})
        span.add_event("twice", {"a": 1, "b": 2})
        telemetry.tracer.start_span("inner").end()
        telemetry.instrument(HTTP_SERVER_REQUEST_DURATION).record(0.3)
        return span.is_recording()


def test_intervals_are_kept(collector: FakeCollector, start: Start) -> None:
    telemetry = start(collector.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000", OTEL_METRIC_EXPORT_INTERVAL="50")
    work(telemetry)
    until(lambda: len(collector.metrics) > 2, "metrics three times")
    assert not collector.traces


def test_each_signal_has_an_address_of_its_own(collector: FakeCollector, start: Start) -> None:
    address = f"{collector.endpoint}/elsewhere/v1/traces"
    telemetry = start("http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=address)
    work(telemetry)
    until(lambda: len(collector.spans()) == 2, "spans")
    assert not collector.metrics


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_the_protocol_is_chosen(variable: str, start: Start) -> None:
    received: list[str] = []

    class Receiver(TraceServiceServicer):
        def Export(self, request: ExportTraceServiceRequest, _: object) -> ExportTraceServiceResponse:
            spans = request.resource_spans[0].scope_spans[0].spans
            received.extend(span.name for span in spans)
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(Receiver(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    telemetry = start(f"http://127.0.0.1:{port}", **{variable: "grpc", "OTEL_METRICS_EXPORTER": "none"})
    work(telemetry)
    until(lambda: len(received) == 2, "two spans")
    telemetry.shutdown()
    server.stop(0).wait()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "pigeon"),
        ("OTEL_METRICS_EXPORTER", "pigeon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon"),
        ("OTEL_PYTHON_ID_GENERATOR", "pigeon"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1"),
    ],
)
def test_a_bad_value_is_one_line(variable: str, value: str, start: Start) -> None:
    with pytest.raises(SystemExit) as ended:
        start("http://127.0.0.1:9", **{"OTEL_METRICS_EXPORTER": "none", variable: value})
    message = str(ended.value)
    assert message.startswith("configuration error: ") and variable in message and value in message
    assert "\n" not in message
