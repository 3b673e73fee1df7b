"""Spans do what the SDK's do: the same operations on both, compared field by field."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastotel.encoding import encode_request, encode_span
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_ON, ParentBased, Sampler
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from fastotel import TracerProvider

START, END = 1_700_000_000_000_000_000, 1_700_000_001_000_000_000
STATE = TraceState([("vendor", "x")])
REMOTE = SpanContext(1 << 100, 7, True, TraceFlags(3), STATE)
LIMITS = sdk.SpanLimits(
    max_span_attributes=3,
    max_events=2,
    max_links=2,
    max_event_attributes=1,
    max_link_attributes=1,
    max_attribute_length=4,
    max_span_attribute_length=5,
)
SAMPLERS = [DEFAULT_ON, ALWAYS_ON, ALWAYS_OFF, ParentBased(ALWAYS_OFF)]
Use = Callable[[trace.Tracer], Any]


class Counting(IdGenerator):
    """Ids that are the same in both runs."""

    def __init__(self) -> None:
        self._last = 1 << 70

    def generate_span_id(self) -> int:
        self._last += 1
        return self._last & 0xFFFF

    def generate_trace_id(self) -> int:
        self._last += 1
        return self._last


def run(kind: type[sdk.TracerProvider], use: Use, sampler: Sampler = DEFAULT_ON) -> list[Any]:
    """Return the spans that `use` makes with a provider of this kind."""
    exporter = InMemorySpanExporter()
    provider = kind(
        sampler,
        Resource({"service.name": "s"}),
        shutdown_on_exit=False,
        id_generator=Counting(),
        span_limits=LIMITS,
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    use(provider.get_tracer("scope", "1", "https://schema", {"a": 1}))
    return list(exporter.get_finished_spans())


def describe(span: Any) -> dict[str, Any]:
    """Return everything a span can be read for."""
    return {
        "name": span.name,
        "context": span.context,
        "flags": span.context.trace_flags,
        "state": span.context.trace_state,
        "parent": span.parent,
        "kind": span.kind,
        "times": (span.start_time, span.end_time),
        "attributes": list(span.attributes.items()),
        "events": [(event.name, event.timestamp, dict(event.attributes)) for event in span.events],
        "links": [(link.context, dict(link.attributes)) for link in span.links],
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        "dropped within": [event.dropped_attributes for event in span.events]
        + [link.dropped_attributes for link in span.links],
        "status": (span.status.status_code, span.status.description),
        "resource": span.resource,
        "scope": span.instrumentation_scope,
        "json": span.to_json(),
    }


def end(span: trace.Span) -> None:
    span.end(END)


def values(tracer: trace.Tracer) -> None:
    span = tracer.start_span("values", start_time=START)
    span.set_attributes({"text": "longer than five", "list": [1, 2], "none": None, "deep": {"k": ["v"]}})
    span.set_attribute("text", "again")
    span.set_attribute("", "no key")
    span.set_attribute(5, "not a text")  # type: ignore[arg-type]
    span.set_attributes({6: "made a text", "": "no key"})  # type: ignore[dict-item]
    span.set_attribute("odd", object)  # type: ignore[arg-type]
    end(span)


def wide(tracer: trace.Tracer) -> None:
    for value in (b"123", -(2**63), 2**63 - 1, -0.5, [b"1", [True, 2, 3.0, None]], "\N{SNOWMAN}", ""):
        end(tracer.start_span("wide", attributes={"a": value}, start_time=START))


def events(tracer: trace.Tracer) -> None:
    span = tracer.start_span("events", kind=SpanKind.CONSUMER, start_time=START)
    for number in range(4):
        span.add_event(f"event {number}", {"a": "longer", "b": 2}, START + number)
    end(span)


def links(tracer: trace.Tracer) -> None:
    given = [Link(REMOTE, {"a": "longer", "b": 2}), Link(trace.INVALID_SPAN_CONTEXT), Link(REMOTE)]
    span = tracer.start_span("links", links=given, start_time=START)
    span.add_link(trace.INVALID_SPAN_CONTEXT, {"kept": "for its attributes"})
    span.add_link(trace.INVALID_SPAN_CONTEXT)
    end(span)


def family(tracer: trace.Tracer) -> None:
    remote = trace.set_span_in_context(NonRecordingSpan(REMOTE))
    parent = tracer.start_span("parent", remote, SpanKind.SERVER, {"a": 1}, start_time=START)
    with trace.use_span(parent):
        end(tracer.start_span("child", start_time=START))
    end(parent)


def statuses(tracer: trace.Tracer) -> None:
    cases: dict[str, list[tuple[Any, str | None]]] = {
        "error": [(StatusCode.ERROR, "why")],
        "error again": [(StatusCode.ERROR, "why"), (StatusCode.ERROR, "because")],
        "ok stays": [(StatusCode.OK, None), (StatusCode.ERROR, "why")],
        "unset is nothing": [(StatusCode.ERROR, "why"), (StatusCode.UNSET, None)],
        "status object": [(Status(StatusCode.ERROR, "own"), "ignored")],
    }
    for name, steps in cases.items():
        span = tracer.start_span(name, start_time=START)
        for status, description in steps:
            span.set_status(status, description)
        end(span)


def late(tracer: trace.Tracer) -> None:
    span = tracer.start_span("late", start_time=START)
    end(span)
    span.set_attribute("a", 1)
    span.add_event("e", timestamp=START)
    span.add_link(REMOTE)
    span.update_name("other")
    span.set_status(StatusCode.ERROR)
    span.end()


@pytest.mark.parametrize("use", [values, events, links, family, statuses, late])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: str(sampler.get_description())[:40])
def test_spans_equal_the_sdks(use: Use, sampler: Sampler) -> None:
    ours, theirs = run(TracerProvider, use, sampler), run(sdk.TracerProvider, use, sampler)
    assert [describe(span) for span in ours] == [describe(span) for span in theirs]


@pytest.mark.parametrize("use", [values, wide, events, links, family, statuses, late])
@pytest.mark.parametrize("kind", [sdk.TracerProvider, TracerProvider])
def test_exported_bytes_mean_what_the_sdks_exporter_writes(use: Use, kind: type[sdk.TracerProvider]) -> None:
    spans = run(kind, use)
    encoded = [((span.resource, span.instrumentation_scope), encode_span(span)) for span in spans]
    expected = encode_spans(spans)
    assert type(expected).FromString(encode_request(encoded)) == expected


def _raise(tracer: trace.Tracer) -> None:
    choices: list[dict[str, Any]] = [{}, {"record_exception": False}, {"set_status_on_exception": False}]
    for options in choices:
        with pytest.raises(ValueError), tracer.start_as_current_span("span", **options):
            raise ValueError("wrong")
        with pytest.raises(KeyboardInterrupt), tracer.start_as_current_span("span", **options):
            raise KeyboardInterrupt
        with pytest.raises(KeyboardInterrupt), tracer.start_span("span", **options):
            raise KeyboardInterrupt


def test_exceptions_are_recorded_as_the_sdk_records_them() -> None:
    def told(kind: type[sdk.TracerProvider]) -> list[Any]:
        exporter = InMemorySpanExporter()
        provider = kind(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        _raise(provider.get_tracer("scope"))
        return [
            (
                span.status.status_code,
                span.status.description,
                [
                    {key: value for key, value in (event.attributes or {}).items() if "stacktrace" not in key}
                    for event in span.events
                ],
            )
            for span in exporter.get_finished_spans()
        ]

    assert told(TracerProvider) == told(sdk.TracerProvider)


def test_a_span_decorates_functions_of_both_kinds() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("scope")

    @tracer.start_as_current_span("plain")
    def plain() -> trace.Span:
        return trace.get_current_span()

    @tracer.start_as_current_span("waiting")
    async def waiting() -> bool:
        await asyncio.sleep(0)
        return trace.get_current_span().is_recording()

    first, second = plain(), plain()
    assert asyncio.run(waiting())
    assert first is not second
    assert [span.name for span in exporter.get_finished_spans()] == ["plain", "plain", "waiting"]


class Enriching(sdk.SpanProcessor):
    """Writes at the start what it may read there, as baggage and tenant processors do."""

    def on_start(self, span: sdk.Span, parent_context: Any = None) -> None:
        assert span.is_recording() and span.end_time is None
        span.set_attribute("seen", f"{span.name} {span.kind.name} {dict(span.attributes or {})}")

    def on_end(self, span: sdk.ReadableSpan) -> None:
        assert span.end_time is not None
        span.set_attribute("late", True)  # type: ignore[attr-defined]


def test_processors_read_and_write_spans() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Enriching())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("scope").start_span("a", attributes={"b": 1}).end()
    (span,) = exporter.get_finished_spans()
    assert isinstance(span, sdk.Span)
    assert dict(span.attributes or {}) == {"b": 1, "seen": "a INTERNAL {'b': 1}"}


def test_the_resource_says_who_made_the_spans() -> None:
    resource = TracerProvider(shutdown_on_exit=False).resource
    assert resource.attributes["telemetry.sdk.name"] == "fastotel"


def test_a_float_as_time_is_exported() -> None:
    (span,) = run(TracerProvider, lambda tracer: tracer.start_span("a", start_time=1.5e18).end())  # type: ignore[arg-type]
    message = Message.FromString(encode_span(span))
    assert message.start_time_unix_nano == 1_500_000_000_000_000_000
