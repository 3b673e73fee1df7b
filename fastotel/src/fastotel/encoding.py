"""Spans as OTLP (opentelemetry-proto 1.x, trace.proto), from any ReadableSpan."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceState

from fastotel.protobuf import UINT64, embed, encode_attributes, encode_count, encode_text, varint

_IDS = Struct(">BBQQBBQ")
_TIMES = Struct("<BQBQ")
_HAS_IS_REMOTE = 0x100
_IS_REMOTE = 0x200
_LOCAL = b"\x85\x01" + _HAS_IS_REMOTE.to_bytes(4, "little")
_REMOTE = b"\x85\x01" + (_HAS_IS_REMOTE | _IS_REMOTE).to_bytes(4, "little")

Group = tuple[Resource, InstrumentationScope | None]


def encode_span(span: ReadableSpan) -> bytes:
    """Encode an ended span as a Span message. Raises ValueError, TypeError or struct.error."""
    context = span.context
    if context is None or span.start_time is None or span.end_time is None:
        raise ValueError("a span without context, start or end cannot be exported")
    encoded = (
        _encode_identity(context, span.parent, span.name, span.kind.value)
        + _TIMES.pack(0x39, int(span.start_time), 0x41, int(span.end_time))
        + encode_attributes(b"\x4a", span.attributes or {})
        + _encode_status(span.status)
    )
    if dropped := span.dropped_attributes:
        encoded += encode_count(b"\x50", dropped)
    if events := span.events:
        encoded += _encode_events(events)
    if dropped := span.dropped_events:
        encoded += encode_count(b"\x60", dropped)
    if links := span.links:
        encoded += _encode_links(links)
    if dropped := span.dropped_links:
        encoded += encode_count(b"\x70", dropped)
    return encoded


@lru_cache(maxsize=256)
def _encode_name(name: str, kind: int) -> bytes:
    return encode_text(b"\x2a", name) + b"\x30" + varint(kind + 1)


def _encode_identity(context: SpanContext, parent: SpanContext | None, name: str, kind: int) -> bytes:
    trace_id = context.trace_id
    ids = _IDS.pack(0x0A, 16, trace_id >> 64, trace_id & UINT64, 0x12, 8, context.span_id)
    encoded = ids + _encode_name(name, kind)
    if context.trace_state:
        encoded += _encode_state(context.trace_state)
    if parent is None:
        return encoded + _LOCAL
    remote = _REMOTE if parent.is_remote else _LOCAL
    return encoded + b"\x22\x08" + parent.span_id.to_bytes(8, "big") + remote


def _encode_state(state: TraceState) -> bytes:
    return encode_text(b"\x1a", ",".join(f"{key}={value}" for key, value in state.items()))


def _encode_status(status: Status) -> bytes:
    if status.status_code is StatusCode.UNSET:
        return b"\x7a\x00"
    text = encode_text(b"\x12", status.description) if status.description else b""
    return embed(b"\x7a", text + encode_count(b"\x18", status.status_code.value))


def _encode_events(events: Sequence[Event]) -> bytes:
    return b"".join(
        embed(
            b"\x5a",
            b"\x09"
            + int(event.timestamp).to_bytes(8, "little")
            + encode_text(b"\x12", event.name)
            + encode_attributes(b"\x1a", event.attributes or {})
            + encode_count(b"\x20", event.dropped_attributes),
        )
        for event in events
    )


def _encode_links(links: Sequence[Link]) -> bytes:
    return b"".join(
        embed(
            b"\x6a",
            b"\x0a\x10"
            + link.context.trace_id.to_bytes(16, "big")
            + b"\x12\x08"
            + link.context.span_id.to_bytes(8, "big")
            + encode_attributes(b"\x22", link.attributes or {})
            + encode_count(b"\x28", link.dropped_attributes)
            + b"\x35"
            + (_REMOTE if link.context.is_remote else _LOCAL)[2:],
        )
        for link in links
    )


def encode_request(spans: Iterable[tuple[Group, bytes]]) -> bytes:
    """Encode an ExportTraceServiceRequest from encoded spans, each with its resource and scope."""
    resources: dict[int, tuple[Resource, dict[int, tuple[InstrumentationScope | None, list[bytes]]]]] = {}
    for (resource, scope), encoded in spans:
        scopes = resources.setdefault(id(resource), (resource, {}))[1]
        scopes.setdefault(id(scope), (scope, []))[1].append(encoded)
    return b"".join(
        embed(
            b"\x0a",
            embed(b"\x0a", encode_attributes(b"\x0a", resource.attributes or {}))
            + b"".join(_encode_scope(scope, encoded) for scope, encoded in scopes.values())
            + _encode_schema(resource.schema_url),
        )
        for resource, scopes in resources.values()
    )


def _encode_scope(scope: InstrumentationScope | None, spans: list[bytes]) -> bytes:
    described = b""
    if scope is not None:
        described = encode_text(b"\x0a", scope.name)
        described += encode_text(b"\x12", scope.version) if scope.version else b""
        described += encode_attributes(b"\x1a", scope.attributes or {})
    together = b"".join([embed(b"\x12", span) for span in spans])
    schema = _encode_schema(scope.schema_url if scope is not None else None)
    return embed(b"\x12", embed(b"\x0a", described) + together + schema)


def _encode_schema(url: str | None) -> bytes:
    return encode_text(b"\x1a", url) if url else b""
