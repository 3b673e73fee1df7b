"""The tracer and its spans behave as the OpenTelemetry API says."""

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from services.instrumentation import Telemetry, start_telemetry


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(exporter: InMemorySpanExporter) -> Telemetry:
    return start_telemetry("shop", span_exporter=exporter)


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_children_parent_to_the_current_span(telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    with telemetry.tracer.start_as_current_span("outer") as outer:
        with telemetry.tracer.start_as_current_span("inner") as inner:
            assert trace.get_current_span() is inner
        assert trace.get_current_span() is outer
    inner_span, outer_span = exporter.get_finished_spans()
    assert inner_span.parent == outer_span.context
    assert outer_span.parent is None


def test_a_decorated_function_is_a_span_each_call(
    telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    @telemetry.tracer.start_as_current_span("work")
    def work() -> None:
        assert trace.get_current_span().is_recording()

    work()
    work()
    first, second = exporter.get_finished_spans()
    assert first.name == second.name == "work"
    assert first.context != second.context


def test_a_decorated_coroutine_is_spanned_to_its_end(
    telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    @telemetry.tracer.start_as_current_span("work")
    async def work() -> None:
        await asyncio.sleep(0)
        assert not exporter.get_finished_spans()

    asyncio.run(work())
    assert only(exporter).name == "work"


def test_an_exception_marks_the_span_and_goes_on(
    telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(ValueError), telemetry.tracer.start_as_current_span("work"):
        raise ValueError("no such user")
    span = only(exporter)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no such user"
    (event,) = span.events
    assert event.attributes is not None
    assert event.attributes["exception.type"] == "ValueError"
    assert "test_tracing.py" in str(event.attributes["exception.stacktrace"])


def test_an_exception_is_left_out_on_request(telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    silent = telemetry.tracer.start_as_current_span(
        "work", record_exception=False, set_status_on_exception=False
    )
    with pytest.raises(ValueError), silent:
        raise ValueError
    assert not only(exporter).events
    assert only(exporter).status.status_code is StatusCode.UNSET


def test_a_span_used_as_context_manager_ends_and_records(
    telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(KeyError), telemetry.tracer.start_span("work"):
        raise KeyError("k")
    assert only(exporter).events[0].name == "exception"


def test_an_ended_span_does_not_change(telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    span = telemetry.tracer.start_span("work")
    span.end()
    span.update_name("late")
    span.set_attribute("late", 1)
    span.add_event("late")
    span.add_link(span.get_span_context())
    span.set_status(StatusCode.ERROR)
    span.end()
    sent = only(exporter)
    assert not span.is_recording()
    assert (sent.name, sent.attributes, sent.events, sent.links) == ("work", {}, (), ())
    assert sent.status.status_code is StatusCode.UNSET


def test_ok_is_final(telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    span = telemetry.tracer.start_span("work")
    span.set_status(StatusCode.OK)
    span.set_status(StatusCode.ERROR, "late")
    span.end()
    assert only(exporter).status.status_code is StatusCode.OK


def test_texts_are_cut_at_the_configured_length(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4")
    telemetry = start_telemetry("shop", span_exporter=exporter)
    telemetry.tracer.start_span("work", attributes={"long": "abcdef"}).end()
    assert only(exporter).attributes == {"long": "abcd"}


@pytest.mark.parametrize(("argument", "least", "most"), [("0", 0, 0), ("0.25", 150, 350), ("1", 1000, 1000)])
def test_the_ratio_sampler_is_honoured(
    argument: str, least: int, most: int, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    tracer = start_telemetry("shop", span_exporter=exporter).tracer
    for _ in range(1_000):
        with tracer.start_as_current_span("root") as root, tracer.start_as_current_span("child") as child:
            assert child.get_span_context().trace_flags.sampled is root.get_span_context().trace_flags.sampled
    assert least <= len(exporter.get_finished_spans()) / 2 <= most


def test_an_unsampled_parent_keeps_its_children_out(
    telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    unsampled = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True))
    with trace.use_span(unsampled), telemetry.tracer.start_as_current_span("child") as child:
        assert child.get_span_context().trace_id == 1
    assert not exporter.get_finished_spans()


def test_disabled_telemetry_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    reader = InMemoryMetricReader()
    telemetry = start_telemetry("shop", metric_reader=reader)
    with telemetry.tracer.start_as_current_span("work") as span:
        assert not span.is_recording()
    telemetry.describe({"model.version": "m"})
    telemetry.shutdown()


def test_a_bad_variable_ends_the_process_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "soon")
    with pytest.raises(SystemExit, match="OTEL_METRIC_EXPORT_INTERVAL: .*integer"):
        start_telemetry("shop", span_exporter=InMemorySpanExporter())
