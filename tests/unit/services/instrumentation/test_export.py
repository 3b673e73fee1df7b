"""Telemetry on its way out: requests never wait, what is lost is counted, and the last seconds are sent."""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from time import perf_counter

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from services.instrumentation import Telemetry, TelemetrySettings, exporter, setup, start_telemetry
from telemetry.instruments import HTTP_SERVER_REQUEST_DURATION
from tests.unit.services.instrumentation.support import (
    FakeCollector,
    attributes,
    free_port,
    running_collector,
    until,
)

PROCESSED = "otel.sdk.processor.span.processed"
EXPORTED = "otel.sdk.exporter.span.exported"
Start = Callable[..., Telemetry]


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts telemetry that exports quickly, and stops it after the test."""
    started: list[Telemetry] = []

    def start(endpoint: str, **options: int) -> Telemetry:
        chosen = {"endpoint": endpoint, "span_interval": 20, "metric_interval": 100, **options}
        settings = TelemetrySettings.model_validate(chosen)
        telemetry = start_telemetry("shop", version="7", settings=settings)
        started.append(telemetry)
        return telemetry

    yield start
    for telemetry in started:
        telemetry.shutdown()


def make_spans(telemetry: Telemetry, count: int) -> float:
    """Make spans and return the longest time one took, in seconds."""
    longest = 0.0
    for number in range(count):
        begin = perf_counter()
        telemetry.tracer.start_span(f"span {number}").end()
        longest = max(longest, perf_counter() - begin)
    return longest


def count_logs(caplog: pytest.LogCaptureFixture) -> int:
    """How many lines the exporter logged."""
    return sum(record.name == "services.instrumentation.exporter" for record in caplog.records)


def test_spans_and_metrics_arrive_with_the_resource_described_last(
    collector: FakeCollector, start: Start
) -> None:
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 3)
    until(lambda: len(collector.spans()) == 3, "3 spans")
    telemetry.describe({"model.version": "als32-abc"})
    make_spans(telemetry, 1)
    until(lambda: len(collector.spans()) == 4, "a span more")
    collector.metrics.clear()
    until(lambda: bool(collector.metrics), "metrics")
    before, after = (
        attributes(request.resource_spans[0].resource.attributes)
        for request in (collector.traces[0], collector.traces[-1])
    )
    of_metrics = attributes(collector.metrics[-1].resource_metrics[0].resource.attributes)
    assert before["service.name"] == of_metrics["service.name"] == "shop"
    assert before["service.version"] == "7"
    assert (
        before["service.instance.id"] == f"shop@{socket.gethostname()}" == of_metrics["service.instance.id"]
    )
    assert before["process.pid"] == os.getpid()
    assert "process.pid" not in of_metrics
    assert before["telemetry.sdk.language"] == "python"
    assert "deployment.environment.name" in before
    assert "model.version" not in before
    assert after["model.version"] == of_metrics["model.version"] == "als32-abc"


def test_histograms_arrive_exponential_with_their_traces(collector: FakeCollector, start: Start) -> None:
    telemetry = start(collector.endpoint)
    with telemetry.tracer.start_as_current_span("request") as span:
        telemetry.instrument(HTTP_SERVER_REQUEST_DURATION).record(0.3)
    until(lambda: collector.metric("http.server.request.duration") is not None, "the histogram")
    exemplars = [
        exemplar
        for request in collector.metrics
        for scope in request.resource_metrics[0].scope_metrics
        for metric in scope.metrics
        for point in metric.exponential_histogram.data_points
        for exemplar in point.exemplars
    ]
    assert [int.from_bytes(e.trace_id) for e in exemplars] == [span.get_span_context().trace_id]


def test_while_the_collector_is_away_spans_are_kept_and_its_outage_is_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.instrumentation")
    collector = FakeCollector(free_port())
    telemetry = start(collector.endpoint)
    assert make_spans(telemetry, 500) < 1.0
    until(lambda: "telemetry is not exported" in caplog.text, "a word about the outage")
    make_spans(telemetry, 100)
    collector.start()
    try:
        until(lambda: len(collector.spans()) == 600, "all spans")
        until(lambda: "exported again" in caplog.text, "a word about the recovery")
    finally:
        collector.stop()
    assert count_logs(caplog) == 2
    assert len({span.span_id for span in collector.spans()}) == 600


def test_what_the_queue_cannot_hold_is_dropped_and_counted(start: Start) -> None:
    collector = FakeCollector(free_port())
    telemetry = start(collector.endpoint, span_queue=50, span_batch=10)
    make_spans(telemetry, 500)
    collector.start()
    try:
        until(lambda: sum(collector.sums(PROCESSED).values()) == 500, "an account of all spans")
        assert 50 <= len(collector.spans()) <= 60
        assert collector.sums(PROCESSED) == {
            "": len(collector.spans()),
            "queue_full": 500 - len(collector.spans()),
        }
    finally:
        collector.stop()


def test_a_collector_that_never_answers_delays_nobody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "SEND_TIMEOUT", 0.2)
    monkeypatch.setattr(setup, "SHUTDOWN_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        telemetry = start(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert make_spans(telemetry, 500) < 1.0
        begin = perf_counter()
        telemetry.shutdown()
        assert perf_counter() - begin < 2.0


def test_a_restart_of_the_collector_loses_nothing(
    collector: FakeCollector, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = start(collector.endpoint, metric_interval=60_000)
    make_spans(telemetry, 1)
    until(lambda: len(collector.spans()) == 1, "the first span")
    collector.stop()
    collector.start()
    telemetry.shutdown()
    assert collector.metrics
    assert count_logs(caplog) == 0


def test_a_busy_collector_is_asked_again_and_logged_once(
    collector: FakeCollector, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 503
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts > 3, "more attempts")
    collector.status = 200
    until(lambda: len(collector.spans()) == 5, "all spans")
    telemetry.shutdown()
    assert count_logs(caplog) == 2


def test_what_the_collector_refuses_is_counted_and_not_sent_again(
    collector: FakeCollector, start: Start
) -> None:
    collector.status = 400
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts > 0, "an attempt")
    collector.status = 200
    until(lambda: sum(collector.sums(EXPORTED).values()) == 5, "an account of all spans")
    assert collector.sums(EXPORTED)["400"] == 5 - len(collector.spans()) > 0


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_what_is_answered_with_something_else_is_counted_and_the_next_is_sent(
    collector: FakeCollector, start: Start, body: bytes
) -> None:
    collector.body = body
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts > 0, "an attempt")
    collector.body = b""
    make_spans(telemetry, 5)
    until(lambda: len(collector.spans()) == 10, "all spans")
    until(lambda: collector.sums(EXPORTED).get("malformed_response", 0) > 0, "an account of the first")


def test_metrics_that_cannot_be_collected_end_nothing(
    collector: FakeCollector, start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = start(collector.endpoint)
    with monkeypatch.context() as patched:
        patched.setattr(exporter, "encode_metrics", lambda _: 1 / 0)
        until(lambda: "ZeroDivisionError" in caplog.text, "a word about it")
    collector.metrics.clear()
    make_spans(telemetry, 3)
    until(lambda: len(collector.spans()) == 3 and bool(collector.metrics), "spans and metrics again")


def test_what_the_collector_rejects_in_part_is_counted(collector: FakeCollector, start: Start) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    collector.body = answer.SerializeToString()
    telemetry = start(collector.endpoint, span_interval=60_000, metric_interval=60_000)
    make_spans(telemetry, 5)
    telemetry.shutdown()
    assert collector.sums(EXPORTED) == {"": 3, "rejected": 2}


def test_a_batch_is_given_up_after_many_attempts_and_counted(
    collector: FakeCollector, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "MAX_ATTEMPTS", 3)
    collector.status = 503
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts == 3, "the last attempt")
    collector.status = 200
    until(lambda: sum(collector.sums(EXPORTED).values()) == 5, "an account of all spans")
    assert collector.sums(EXPORTED)["503"] == 5 - len(collector.spans()) > 0


def test_shutdown_sends_the_last_spans_and_measurements(collector: FakeCollector, start: Start) -> None:
    telemetry = start(collector.endpoint, span_interval=60_000, metric_interval=60_000)
    make_spans(telemetry, 10)
    telemetry.instrument(HTTP_SERVER_REQUEST_DURATION).record(0.3)
    telemetry.shutdown()
    assert len(collector.spans()) == 10
    assert collector.metric("http.server.request.duration") is not None
