"""What leaves the process is, field by field, what OpenTelemetry's own exporter would send."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TraceState,
)

from services.instrumentation.protobuf import encode_request, varint
from services.instrumentation.spans import RecordingSpan, encode
from services.instrumentation.tracing import TracerProvider

TIMES = st.integers(1, 2**63 - 1)
SCALARS = (
    st.text(max_size=200)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=20)
    | st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=30), VALUES, max_size=6)
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.sampled_from([TraceFlags(1), TraceFlags(3)]),
    st.sampled_from([TraceState(), TraceState([("vendor", "a"), ("other", "b")])]),
)
CHANGES = st.lists(
    st.tuples(st.just("set_attributes"), ATTRIBUTES)
    | st.tuples(st.just("set_attribute"), st.text(min_size=1, max_size=5), VALUES)
    | st.tuples(st.just("add_event"), st.text(max_size=20), ATTRIBUTES, TIMES)
    | st.tuples(st.just("add_link"), CONTEXTS, ATTRIBUTES)
    | st.tuples(st.just("set_status"), st.sampled_from(StatusCode), st.none())
    | st.tuples(st.just("set_status"), st.just(StatusCode.ERROR), st.text(max_size=20))
    | st.tuples(st.just("update_name"), st.text(max_size=300)),
    max_size=6,
)
LIMITS = st.builds(
    SpanLimits,
    max_events=st.integers(1, 3),
    max_links=st.integers(1, 3),
    max_event_attributes=st.integers(1, 4),
    max_link_attributes=st.integers(1, 4),
    max_attribute_length=st.integers(1, 20),
)


class Kept:
    """Keeps the spans that end."""

    def __init__(self) -> None:
        self.spans: list[RecordingSpan] = []

    def take(self, span: RecordingSpan) -> None:
        self.spans.append(span)


class SameIds(IdGenerator):
    """Gives the SDK the ids of a span of ours."""

    def __init__(self, context: SpanContext) -> None:
        self._context = context

    def generate_span_id(self) -> int:
        return self._context.span_id

    def generate_trace_id(self) -> int:
        return self._context.trace_id

    def is_trace_id_random(self) -> bool:
        return True


def make_span(tracer: trace.Tracer, script: dict[str, Any]) -> trace.Span:
    """Play a script of changes on a new span and end it."""
    parent = script["parent"]
    context = trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None
    span = tracer.start_span(
        script["name"],
        context,
        script["kind"],
        dict(script["attributes"]),
        [Link(context, dict(values)) for context, values in script["links"]],
        script["start"],
    )
    for method, *arguments in script["changes"]:
        getattr(span, method)(*arguments)
    span.end(script["end"])
    return span


def send_ours(
    script: dict[str, Any], limits: SpanLimits, resource: dict[str, Any]
) -> tuple[SpanContext, Any]:
    """The span's context and our request for it, decoded."""
    kept = Kept()
    tracer = TracerProvider(DEFAULT_ON, limits, kept).get_tracer("scope", "1.2")
    make_span(tracer, script)
    (span,) = kept.spans
    request = encode_request(resource, [(span.origin.encoded_scope, [encode(span)])])
    return span.context, ExportTraceServiceRequest.FromString(request)


def send_theirs(
    script: dict[str, Any], limits: SpanLimits, resource: dict[str, Any], same: SpanContext
) -> Any:
    """The request OpenTelemetry's exporter would send."""
    exporter = InMemorySpanExporter()
    provider = SdkTracerProvider(
        DEFAULT_ON, Resource(resource), shutdown_on_exit=False, id_generator=SameIds(same), span_limits=limits
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    make_span(provider.get_tracer("scope", "1.2"), script)
    return encode_spans(exporter.get_finished_spans())


def unordered(request: Any) -> Any:
    """The request with every list of attributes sorted: their order means nothing."""
    for resource in request.resource_spans:
        resource.resource.attributes.sort(key=lambda pair: pair.key)
        for span in resource.scope_spans[0].spans:
            for holder in (span, *span.events, *span.links):
                holder.attributes.sort(key=lambda pair: pair.key)
    return request


SCRIPTS = st.fixed_dictionaries(
    {
        "name": st.text(max_size=300),
        "parent": st.none() | CONTEXTS,
        "kind": st.sampled_from(SpanKind),
        "attributes": ATTRIBUTES,
        "links": st.lists(st.tuples(CONTEXTS, ATTRIBUTES), max_size=3),
        "start": TIMES,
        "end": TIMES,
        "changes": CHANGES,
    }
)


@settings(max_examples=100, deadline=None)
@given(SCRIPTS, LIMITS | st.just(SpanLimits()), ATTRIBUTES)
def test_a_span_is_sent_as_the_sdk_would_send_it(
    script: dict[str, Any], limits: SpanLimits, resource: dict[str, Any]
) -> None:
    context, ours = send_ours(script, limits, resource)
    assert unordered(ours) == unordered(send_theirs(script, limits, resource, context))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=12), st.integers(1, 5))
def test_beyond_the_limit_the_oldest_attributes_are_dropped_and_counted(
    attributes: dict[str, Any], most: int
) -> None:
    script: dict[str, Any] = {
        "name": "full", "parent": None, "kind": SpanKind.INTERNAL, "attributes": attributes, "links": [],
        "start": 1, "end": 2, "changes": [],
    }  # fmt: skip
    limits = SpanLimits(max_span_attributes=most)
    context, ours = send_ours(script, limits, {})
    assert unordered(ours) == unordered(send_theirs(script, limits, {}, context))


def test_what_protobuf_cannot_hold_is_sent_as_text_instead_of_failing() -> None:
    script: dict[str, Any] = {
        "name": "lone \ud800", "parent": None, "kind": SpanKind.INTERNAL, "links": [], "start": 1, "end": 2,
        "attributes": {"huge": 2**64, "broken": "\udfff", "strange": SpanKind},
        "changes": [("set_attributes", {"": 1, 7: "number"})],
    }  # fmt: skip
    _, request = send_ours(script, SpanLimits(), {})
    (span,) = request.resource_spans[0].scope_spans[0].spans
    sent = {pair.key: pair.value.string_value for pair in span.attributes}
    assert span.name == "lone ?"
    assert sent["huge"] == str(2**64)
    assert sent["broken"] == "?"


@given(st.integers(0, 2**64 - 1))
def test_varints_hold_seven_bits_a_byte_lowest_first(number: int) -> None:
    encoded = varint(number)
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(encoded)) == number
    assert [byte >> 7 for byte in encoded] == [1] * (len(encoded) - 1) + [0]
