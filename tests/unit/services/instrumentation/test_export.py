"""Telemetry on its way out: requests never wait, what is lost is counted, and the last seconds are sent."""

import logging
import os
import socket
from time import perf_counter
from typing import Any

import pytest
from opentelemetry.metrics import CallbackOptions, Observation

from services.instrumentation import Telemetry, setup
from telemetry.instruments import EXPERIMENT_EVENTS, HTTP_SERVER_REQUEST_DURATION
from tests.unit.services.instrumentation.conftest import Start
from tests.unit.services.instrumentation.support import FakeCollector, attributes, free_port, until

PROCESSED = "otel.sdk.processor.span.processed"
EXPORTED = "otel.sdk.exporter.span.exported"


def make_spans(telemetry: Telemetry, count: int) -> float:
    """Make spans and return the longest time one took, in seconds."""
    longest = 0.0
    for number in range(count):
        begin = perf_counter()
        telemetry.tracer.start_span(f"span {number}").end()
        longest = max(longest, perf_counter() - begin)
    return longest


def test_spans_and_metrics_arrive_with_the_resource_described_last(
    collector: FakeCollector, start: Start
) -> None:
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 3)
    until(lambda: len(collector.spans()) == 3, "3 spans")
    before = collector.resource()
    telemetry.describe({"model.version": "als32-abc"})
    make_spans(telemetry, 1)
    until(lambda: len(collector.spans()) == 4, "a span more")
    after = collector.resource()
    collector.metrics.clear()
    until(lambda: bool(collector.metrics), "metrics")
    of_metrics = attributes(collector.metrics[-1].resource_metrics[0].resource.attributes)
    assert before["service.name"] == of_metrics["service.name"] == "shop"
    assert before["service.version"] == "7"
    assert (
        before["service.instance.id"] == f"shop@{socket.gethostname()}" == of_metrics["service.instance.id"]
    )
    assert before["process.pid"] == os.getpid()
    assert "process.pid" not in of_metrics
    assert before["telemetry.sdk.name"] == "opentelemetry"
    assert "deployment.environment.name" in before
    assert "model.version" not in before
    assert after["model.version"] == of_metrics["model.version"] == "als32-abc"


def test_an_experiment_of_four_versions_is_counted_by_its_attributes(
    collector: FakeCollector, start: Start
) -> None:
    versions, groups, segments, kinds = 4, 32, 4, 9
    places = range(versions * groups * segments * kinds)
    start(collector.endpoint).observe(
        EXPERIMENT_EVENTS,
        lambda _: [Observation(1, {"model.version": each % 4, "user.group": each // 4}) for each in places],
    )

    def counted() -> int:
        return max((len(points(metrics)) for metrics in collector.metrics), default=0)

    def points(metrics: Any) -> list[Any]:
        sent = (
            each for of in metrics.resource_metrics for scope in of.scope_metrics for each in scope.metrics
        )
        return [point for each in sent if each.name == "experiment.events" for point in each.sum.data_points]

    until(lambda: counted() == len(places), "each of them")


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


def test_while_the_collector_is_away_spans_are_kept_and_its_outage_is_logged(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    collector = FakeCollector(free_port())
    telemetry = start(collector.endpoint)
    assert make_spans(telemetry, 500) < 1.0
    until(lambda: "retrying" in caplog.text, "a word about the outage")
    make_spans(telemetry, 100)
    collector.start()
    try:
        until(lambda: len(collector.spans()) == 600, "all spans")
    finally:
        collector.stop()
    assert len({span.span_id for span in collector.spans()}) == 600


def test_what_the_queue_cannot_hold_is_dropped_and_counted(start: Start) -> None:
    collector = FakeCollector(free_port())
    telemetry = start(collector.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="50", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")
    make_spans(telemetry, 500)
    collector.start()
    try:
        # A span taken from the queue at the same moment may be counted as dropped, too: the SDK has no lock.
        until(lambda: 500 <= sum(collector.sums(PROCESSED).values()) <= 502, "an account of all spans")
        sent = len(collector.spans())
        assert 50 <= sent <= 70
        assert collector.sums(PROCESSED)[""] == sent
        assert 500 - sent <= collector.sums(PROCESSED)["queue_full"] <= 502 - sent
    finally:
        collector.stop()


def test_a_collector_that_never_answers_delays_nobody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "SHUTDOWN_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        telemetry = start(endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="1")
        assert make_spans(telemetry, 500) < 1.0
        begin = perf_counter()
        telemetry.shutdown()
        assert perf_counter() - begin < 2.0


def test_a_restart_of_the_collector_loses_nothing(collector: FakeCollector, start: Start) -> None:
    telemetry = start(collector.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000")
    make_spans(telemetry, 1)
    until(lambda: len(collector.spans()) == 1, "the first span")
    collector.stop()
    collector.start()
    make_spans(telemetry, 1)
    telemetry.shutdown()
    assert len(collector.spans()) == 2
    assert collector.metrics


def test_a_busy_collector_is_asked_again(collector: FakeCollector, start: Start) -> None:
    collector.status = 503
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts >= 2, "more attempts")
    collector.status = 200
    until(lambda: len(collector.spans()) == 5, "all spans")


def test_what_the_collector_refuses_is_counted_and_not_sent_again(
    collector: FakeCollector, start: Start
) -> None:
    collector.status = 400
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts > 0, "an attempt")
    collector.status = 200
    until(lambda: sum(collector.sums(EXPORTED).values()) == 5, "an account of all spans")
    assert collector.sums(EXPORTED)["not_delivered"] == 5 - len(collector.spans()) > 0


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_what_is_answered_with_something_else_does_not_end_the_export(
    collector: FakeCollector, start: Start, body: bytes
) -> None:
    collector.body = body
    telemetry = start(collector.endpoint)
    make_spans(telemetry, 5)
    until(lambda: collector.attempts > 0, "an attempt")
    collector.body = b""
    make_spans(telemetry, 5)
    until(lambda: len(collector.spans()) == 10, "all spans")


def test_a_callback_that_fails_ends_nothing(
    collector: FakeCollector, start: Start, caplog: pytest.LogCaptureFixture
) -> None:

    def fail(_: CallbackOptions) -> list[Observation]:
        raise ZeroDivisionError

    telemetry = start(collector.endpoint)
    telemetry.meter_provider.get_meter("others").create_observable_gauge("bad", [fail])
    until(lambda: "ZeroDivisionError" in caplog.text, "a word about it")
    collector.metrics.clear()
    make_spans(telemetry, 3)
    until(lambda: len(collector.spans()) == 3 and bool(collector.metrics), "spans and metrics again")


def test_shutdown_sends_the_last_spans_and_measurements(collector: FakeCollector, start: Start) -> None:
    telemetry = start(
        collector.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000", OTEL_METRIC_EXPORT_INTERVAL="60000"
    )
    make_spans(telemetry, 10)
    telemetry.instrument(HTTP_SERVER_REQUEST_DURATION).record(0.3)
    telemetry.shutdown()
    assert len(collector.spans()) == 10
    assert collector.metric("http.server.request.duration") is not None
