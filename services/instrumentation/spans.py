"""Spans that cost little: the OpenTelemetry API on slots and plain dicts, encoded once, when they end.

The SDK's own span takes a lock and a copy at every change. Here each change is one operation on a dict, which
the interpreter's lock makes safe. Limits and exported bytes are the SDK's.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from sys import maxsize
from time import time_ns
from types import TracebackType
from typing import Any, Protocol

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, SpanLimits
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue, Attributes

from services.instrumentation import protobuf

_UNSET = Status()
_PLAIN = frozenset({bool, int, float})


class Sink(Protocol):
    """Where sampled spans go when they end."""

    def take(self, span: "RecordingSpan") -> None:
        """Keep a span for export; must not block."""


@dataclass(frozen=True)
class Origin:
    """What all spans of one tracer share."""

    scope: InstrumentationScope
    limits: SpanLimits
    sink: Sink

    @cached_property
    def longest_text(self) -> int:
        """The characters a span attribute's text may have."""
        limit = self.limits.max_span_attribute_length
        return maxsize if limit is None else limit

    @cached_property
    def most_attributes(self) -> int:
        """The attributes a span may have."""
        limit = self.limits.max_span_attributes
        return maxsize if limit is None else limit

    @cached_property
    def encoded_scope(self) -> bytes:
        """The scope as OTLP's InstrumentationScope field."""
        return protobuf.encode_scope(self.scope.name, self.scope.version)


class PlainAttributes(dict[str, AnyValue]):
    """Attributes known to be valid: plain values, short texts. Spans take them over unchecked."""


class RecordingSpan(Span):
    """A span that records."""

    __slots__ = (
        "attributes",
        "context",
        "dropped_attributes",
        "end_time",
        "events",
        "kind",
        "links",
        "name",
        "on_exception",
        "origin",
        "parent",
        "start_time",
        "status",
    )

    def __init__(
        self, origin: Origin, name: str, context: SpanContext, parent: SpanContext | None, kind: SpanKind
    ) -> None:
        self.origin = origin
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.start_time = time_ns()
        self.end_time = 0
        self.attributes: dict[str, AnyValue] = {}
        self.dropped_attributes = 0
        self.events: BoundedList[Any] | None = None
        self.links: BoundedList[Any] | None = None
        self.status = _UNSET
        self.on_exception = (True, True)

    def get_span_context(self) -> SpanContext:
        return self.context

    def is_recording(self) -> bool:
        return not self.end_time

    def update_name(self, name: str) -> None:
        if not self.end_time:
            self.name = name

    def set_attribute(self, key: str, value: AnyValue) -> None:
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        if self.end_time:
            return
        if type(attributes) is PlainAttributes:
            self.attributes.update(attributes)
        else:
            self._set_each(attributes)
        while len(self.attributes) > self.origin.most_attributes:
            del self.attributes[next(iter(self.attributes))]
            self.dropped_attributes += 1

    def _set_each(self, attributes: Mapping[str, AnyValue]) -> None:
        own, longest = self.attributes, self.origin.longest_text
        for key, value in attributes.items():
            plain = type(value) in _PLAIN or (type(value) is str and len(value) <= longest)
            if plain and key and type(key) is str:
                own[key] = value
            else:
                self._set_checked(key, value)

    def _set_checked(self, key: str, value: AnyValue) -> None:
        limit = self.origin.limits.max_span_attribute_length
        checked = BoundedAttributes(None, {key: value}, max_value_len=limit)
        self.attributes.update(checked)
        self.dropped_attributes += checked.dropped

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if self.end_time:
            return
        limits = self.origin.limits
        if self.events is None:
            self.events = BoundedList(limits.max_events)
        bounded = BoundedAttributes(
            limits.max_event_attributes, attributes, max_value_len=limits.max_attribute_length
        )
        self.events.append(Event(name, bounded, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if self.end_time or not (context.is_valid or attributes or context.trace_state):
            return
        limits = self.origin.limits
        if self.links is None:
            self.links = BoundedList(limits.max_links)
        bounded = BoundedAttributes(
            limits.max_link_attributes, attributes, max_value_len=limits.max_attribute_length
        )
        self.links.append(Link(context, bounded))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if self.end_time or self.status.status_code is StatusCode.OK:
            return
        new = status if isinstance(status, Status) else Status(status, description)
        if new.status_code is not StatusCode.UNSET:
            self.status = new

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        kind = type(exception)
        described: dict[str, AnyValue] = {
            "exception.type": kind.__qualname__
            if kind.__module__ == "builtins"
            else f"{kind.__module__}.{kind.__qualname__}",
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", described | dict(attributes or {}), timestamp)

    def fail(self, exception: BaseException, *, escaped: bool = False) -> None:
        """Record an exception that ended the span's work, as far as its maker wants that."""
        record, mark = self.on_exception
        if record:
            self.record_exception(exception, escaped=escaped)
        if mark:
            self.set_status(StatusCode.ERROR, f"{type(exception).__name__}: {exception}")

    def end(self, end_time: int | None = None) -> None:
        if self.end_time:
            return
        self.end_time = end_time or time_ns()
        if self.context.trace_flags.sampled:
            self.origin.sink.take(self)

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exception is not None and not self.end_time:
            self.fail(exception, escaped=True)
        self.end()


def encode(span: RecordingSpan) -> bytes:
    """Encode an ended span as OTLP's Span message."""
    encoded = (
        protobuf.encode_identity(span.context, span.parent, span.name, span.kind.value)
        + protobuf.encode_times(span.start_time, span.end_time)
        + protobuf.encode_attributes(b"\x4a", span.attributes)
        + _encode_status(span.status)
    )
    if span.dropped_attributes or span.events is not None or span.links is not None:
        encoded += _encode_rare(span)
    return encoded


def _encode_status(status: Status) -> bytes:
    if status is _UNSET:
        return b"\x7a\x00"
    return protobuf.encode_status(status.status_code.value, status.description)


def _encode_rare(span: RecordingSpan) -> bytes:
    parts = [protobuf.encode_count(b"\x50", span.dropped_attributes)]
    if span.events is not None:
        parts += [
            protobuf.encode_event(event.timestamp, event.name, event.attributes, event.dropped_attributes)
            for event in span.events
        ]
        parts.append(protobuf.encode_count(b"\x60", span.events.dropped))
    if span.links is not None:
        parts += [
            protobuf.encode_link(link.context, link.attributes, link.dropped_attributes)
            for link in span.links
        ]
        parts.append(protobuf.encode_count(b"\x70", span.links.dropped))
    return b"".join(parts)
