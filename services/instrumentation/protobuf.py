"""Spans in OTLP's protobuf encoding, written field by field.

Field numbers are those of opentelemetry-proto 1.x (trace.proto, common.proto); the wire format is that of
https://protobuf.dev/programming-guides/encoding. Building the generated messages costs several times as much.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct

from opentelemetry.trace import SpanContext, TraceState
from opentelemetry.util.types import AnyValue

_UINT64 = 0xFFFF_FFFF_FFFF_FFFF
_INT64 = range(-(2**63), 2**63)
_CACHED_TEXT = 128
_REPEATING = frozenset({bool, int})
_DOUBLE = Struct("<d")
_IDS = Struct(">BBQQBBQ")
_TIMES = Struct("<BQBQ")
_HAS_IS_REMOTE = 0x100
_IS_REMOTE = 0x200
_LOCAL_PARENT = b"\x85\x01" + _HAS_IS_REMOTE.to_bytes(4, "little")
_REMOTE_PARENT = b"\x85\x01" + (_HAS_IS_REMOTE | _IS_REMOTE).to_bytes(4, "little")
_SMALL_VARINTS = tuple(bytes([n]) for n in range(128))


def varint(number: int) -> bytes:
    """Encode a non-negative integer below 2**64."""
    if number < 128:
        return _SMALL_VARINTS[number]
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def embed(tag: bytes, payload: bytes) -> bytes:
    """Encode a length-delimited field."""
    return tag + varint(len(payload)) + payload


def encode_text(tag: bytes, text: str) -> bytes:
    """Encode a string field; what UTF-8 cannot hold becomes a question mark."""
    return embed(tag, text.encode("utf-8", "replace"))


def encode_value(value: AnyValue) -> bytes:
    """Encode an AnyValue. Integers beyond 64 bits travel as text; other types raise TypeError."""
    if isinstance(value, str):
        return encode_text(b"\x0a", value)
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + varint(value & _UINT64) if value in _INT64 else encode_text(b"\x0a", str(value))
    if isinstance(value, float):
        return b"\x21" + _DOUBLE.pack(value)
    return _encode_compound(value)


def _encode_compound(value: AnyValue) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return embed(b"\x3a", value)
    if isinstance(value, Mapping):
        return embed(b"\x32", encode_attributes(b"\x0a", value))
    if isinstance(value, Sequence):
        return embed(b"\x2a", b"".join(embed(b"\x0a", encode_value(item)) for item in value))
    raise TypeError(f"{type(value).__name__} is not an OpenTelemetry attribute value")


def encode_attribute(tag: bytes, key: str, value: AnyValue) -> bytes:
    """Encode one KeyValue as the field `tag`."""
    return embed(tag, encode_text(b"\x0a", key) + embed(b"\x12", encode_value(value)))


_remember_attribute = lru_cache(maxsize=2048, typed=True)(encode_attribute)


def encode_attributes(tag: bytes, attributes: Mapping[str, AnyValue]) -> bytes:
    """Encode KeyValues, each as the field `tag`; those likely to repeat are remembered."""
    encoded = []
    for key, value in attributes.items():
        if type(value) in _REPEATING or (type(value) is str and len(value) <= _CACHED_TEXT):
            encoded.append(_remember_attribute(tag, key, value))
        else:
            encoded.append(encode_attribute(tag, key, value))
    return b"".join(encoded)


@lru_cache(maxsize=256)
def _encode_name(name: str, kind: int) -> bytes:
    return encode_text(b"\x2a", name) + b"\x30" + varint(kind + 1)


def encode_identity(context: SpanContext, parent: SpanContext | None, name: str, kind: int) -> bytes:
    """Encode the fields that say which span this is: ids, trace state, parent, name, kind, flags."""
    trace_id, span_id = context.trace_id, context.span_id
    encoded = _IDS.pack(0x0A, 16, trace_id >> 64, trace_id & _UINT64, 0x12, 8, span_id) + _encode_name(
        name, kind
    )
    if context.trace_state:
        encoded += _encode_state(context.trace_state)
    if parent is None:
        return encoded + _LOCAL_PARENT
    return encoded + b"\x22\x08" + parent.span_id.to_bytes(8, "big") + _flag(parent)


def _flag(context: SpanContext) -> bytes:
    return _REMOTE_PARENT if context.is_remote else _LOCAL_PARENT


def _encode_state(state: TraceState) -> bytes:
    return encode_text(b"\x1a", ",".join(f"{key}={value}" for key, value in state.items()))


def encode_times(start: int, end: int) -> bytes:
    """Encode start and end, nanoseconds since 1970."""
    return _TIMES.pack(0x39, start, 0x41, end)


def encode_count(tag: bytes, count: int) -> bytes:
    """Encode an unsigned integer field; zero is left out, as it is the default."""
    return tag + varint(count) if count else b""


def encode_status(code: int, description: str | None) -> bytes:
    """Encode a Status field."""
    text = encode_text(b"\x12", description) if description else b""
    return embed(b"\x7a", text + encode_count(b"\x18", code))


def encode_event(time: int, name: str, attributes: Mapping[str, AnyValue], dropped: int) -> bytes:
    """Encode an Event field; `time` in nanoseconds since 1970."""
    return embed(
        b"\x5a",
        b"\x09"
        + time.to_bytes(8, "little")
        + encode_text(b"\x12", name)
        + encode_attributes(b"\x1a", attributes)
        + encode_count(b"\x20", dropped),
    )


def encode_link(context: SpanContext, attributes: Mapping[str, AnyValue], dropped: int) -> bytes:
    """Encode a Link field."""
    return embed(
        b"\x6a",
        b"\x0a\x10"
        + context.trace_id.to_bytes(16, "big")
        + b"\x12\x08"
        + context.span_id.to_bytes(8, "big")
        + encode_attributes(b"\x22", attributes)
        + encode_count(b"\x28", dropped)
        + b"\x35"
        + _flag(context)[2:],
    )


def encode_scope(name: str, version: str | None) -> bytes:
    """Encode the InstrumentationScope field of a ScopeSpans."""
    return embed(b"\x0a", encode_text(b"\x0a", name) + (encode_text(b"\x12", version) if version else b""))


def encode_request(
    resource: Mapping[str, AnyValue], scopes: Iterable[tuple[bytes, Iterable[bytes]]]
) -> bytes:
    """Encode an ExportTraceServiceRequest from encoded scopes and, for each, encoded spans."""
    parts = [embed(b"\x0a", encode_attributes(b"\x0a", resource))]
    for scope, spans in scopes:
        parts.append(embed(b"\x12", scope + b"".join([embed(b"\x12", span) for span in spans])))
    return embed(b"\x0a", b"".join(parts))
