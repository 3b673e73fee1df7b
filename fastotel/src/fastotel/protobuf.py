"""Protobuf's wire format and OTLP's attribute values, written field by field.

Field numbers are those of opentelemetry-proto 1.x (common.proto); the wire format is that of
https://protobuf.dev/programming-guides/encoding. Building the generated messages costs several times as much.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import Struct

from opentelemetry.util.types import AnyValue

UINT64 = 0xFFFF_FFFF_FFFF_FFFF
_INT64 = range(-(2**63), 2**63)
_CACHED_TEXT = 128
"""Longest text, in characters, that is remembered encoded."""
_REPEATING = frozenset({bool, int})
_DOUBLE = Struct("<d")
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


def encode_count(tag: bytes, count: int) -> bytes:
    """Encode an unsigned integer field; zero is left out, as it is the default."""
    return tag + varint(count) if count else b""


def encode_value(value: AnyValue) -> bytes:
    """Encode an AnyValue. Integers beyond 64 bits travel as text; other types raise TypeError."""
    if isinstance(value, str):
        return encode_text(b"\x0a", value)
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + varint(value & UINT64) if value in _INT64 else encode_text(b"\x0a", str(value))
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
