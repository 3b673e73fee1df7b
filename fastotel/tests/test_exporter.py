"""The exporter in the SDK's provider: what arrives, what is tried again, what is given up."""

import os
import time
from collections.abc import Iterator

import pytest
from fastotel.sending import Target
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from receiver import Receiver, receive

from fastotel import OtlpSpanExporter, exporter


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(exporter, "FIRST_PAUSE", 0.01)
    with receive() as running:
        yield running


@pytest.fixture
def sending(receiver: Receiver) -> Iterator[OtlpSpanExporter]:
    """An exporter that sends to the receiver, for a second."""
    exporter = OtlpSpanExporter(Target(f"{receiver.endpoint}/v1/traces", timeout=1.0))
    yield exporter
    exporter.shutdown()


def ended(*names: str, start_time: int | None = None) -> list[ReadableSpan]:
    """Spans of the SDK as its processors give them to an exporter."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(kept))
    for name in names:
        provider.get_tracer("scope").start_span(name, start_time=start_time).end()
    provider.force_flush()
    provider.shutdown()
    return list(kept.get_finished_spans())


def test_the_sdks_batches_arrive_as_from_the_sdks_exporter(
    receiver: Receiver, sending: OtlpSpanExporter
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(sending))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{receiver.endpoint}/v1/traces")))
    tracer = provider.get_tracer("scope", "1", attributes={"team": "ml"})
    with tracer.start_as_current_span("outer", attributes={"k": [1, 2], "f": 0.5, "t": "x"}) as span:
        span.add_event("e", {"a": True})
        span.add_link(span.get_span_context(), {"b": 1})
        tracer.start_span("inner").end()
    assert provider.force_flush()
    fast, standard = (ExportTraceServiceRequest.FromString(request.body) for request in receiver.requests)
    assert len(receiver.spans()) == 4 and fast == standard
    provider.shutdown()


def test_what_is_refused_for_now_is_sent_again(receiver: Receiver, sending: OtlpSpanExporter) -> None:
    receiver.answers += [(503, {"retry-after": "0"}), (429, {}), (502, {})]
    assert sending.export(ended("a")) is SpanExportResult.SUCCESS
    assert [span.name for span in receiver.spans()] == ["a"]


@pytest.mark.parametrize("answer", [(400, {}), (503, {"retry-after": "9"})], ids=["for good", "for long"])
def test_what_is_refused_is_given_up_in_time(
    receiver: Receiver, sending: OtlpSpanExporter, answer: tuple[int, dict[str, str]]
) -> None:
    receiver.answers += [answer]
    begun = time.monotonic()
    assert sending.export(ended("a")) is SpanExportResult.FAILURE
    assert time.monotonic() - begun < 5 and not receiver.requests


def test_after_shutdown_nothing_is_sent(receiver: Receiver, sending: OtlpSpanExporter) -> None:
    sending.shutdown()
    assert sending.export(ended("a")) is SpanExportResult.FAILURE
    assert not receiver.requests


def test_a_span_that_cannot_be_encoded_loses_no_other(receiver: Receiver, sending: OtlpSpanExporter) -> None:
    assert sending.export([*ended("bad", start_time=-1), *ended("b")]) is SpanExportResult.SUCCESS
    assert [span.name for span in receiver.spans()] == ["b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_a_connection_of_its_own(receiver: Receiver, sending: OtlpSpanExporter) -> None:
    spans = ended("of the parent", "of the child")
    assert sending.export(spans[:1]) is SpanExportResult.SUCCESS
    child = os.fork()
    if not child:
        os._exit(int(sending.export(spans[1:]) is not SpanExportResult.SUCCESS))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sending.export(spans[:1]) is SpanExportResult.SUCCESS
    assert [span.name for span in receiver.spans()] == ["of the parent", "of the child", "of the parent"]


def test_the_environment_says_where(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "key=a")
    made = OtlpSpanExporter()
    assert made.export(ended("a")) is SpanExportResult.SUCCESS
    made.shutdown()
    assert receiver.requests[0].headers["key"] == "a"


def test_a_proxy_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example:4318")
    monkeypatch.setenv("http_proxy", "http://proxy.example")
    with pytest.raises(ValueError, match="no proxy"):
        OtlpSpanExporter()
