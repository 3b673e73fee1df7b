"""A span whose changes cost one lock and one dictionary operation each.

The SDK's span keeps its attributes in a mapping that has a lock of its own and checks every value in depth.
Here plain values are recognised by their type and stored; only what is left is given to the SDK's check.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from operator import attrgetter
from threading import Lock
from time import time_ns
from types import MappingProxyType, TracebackType
from typing import Any, Protocol

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue, Attributes

_logger = logging.getLogger(__name__)
_UNSET = Status()
_PLAIN: frozenset[type] = frozenset({bool, int, float, str})
_TEXT: frozenset[type] = frozenset({str})


class Origin(Protocol):
    """What all spans of one tracer share."""

    scope: InstrumentationScope
    limits: SpanLimits
    longest_text: int | None
    """Characters that the text of a span's attribute may have; None: any number."""
    most_attributes: int
    """Attributes that a span may have."""

    @property
    def resource(self) -> Resource:
        """The resource of the provider as it is now: a fork changes it."""

    @property
    def instrumentation_info(self) -> InstrumentationInfo:
        """The scope as older versions of the SDK called it."""

    def finish(self, span: "Span") -> None:
        """Take an ended span."""


class Span(sdk.Span):
    """A span that records. Once it has ended it never changes, whichever thread tries.

    It is an opentelemetry.sdk.trace.Span for those who ask, and shares nothing but the name with it: every
    public method and property is this package's own.
    """

    __slots__ = (
        "_dropped",
        "_ended_at",
        "_event_list",
        "_link_list",
        "_mutex",
        "_on_exception",
        "_origin",
        "_span_context",
        "_span_kind",
        "_span_name",
        "_span_parent",
        "_span_status",
        "_started_at",
        "_values",
    )

    def __init__(
        self,
        origin: Origin,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        start_time: int | None = None,
        on_exception: tuple[bool, bool] = (True, True),
    ) -> None:
        """`on_exception`: whether an escaping exception is recorded, and whether it sets the status."""
        self._origin = origin
        self._span_name = name
        self._span_context = context
        self._span_parent = parent
        self._span_kind = kind
        self._started_at = time_ns() if start_time is None else start_time
        self._ended_at: int | None = None
        self._values: dict[str, AnyValue] = {}
        self._dropped = 0
        self._event_list: BoundedList[Any] | None = None
        self._link_list: BoundedList[Any] | None = None
        self._span_status = _UNSET
        self._on_exception = on_exception
        self._mutex = Lock()

    def __repr__(self) -> str:
        return f'{type(self).__name__}(name="{self._span_name}", context={self._span_context})'

    name = property(attrgetter("_span_name"))
    context = property(attrgetter("_span_context"))
    parent = property(attrgetter("_span_parent"))
    kind = property(attrgetter("_span_kind"))
    start_time = property(attrgetter("_started_at"))
    end_time = property(attrgetter("_ended_at"))
    status = property(attrgetter("_span_status"))
    resource = property(attrgetter("_origin.resource"))
    instrumentation_scope = property(attrgetter("_origin.scope"))
    instrumentation_info = property(attrgetter("_origin.instrumentation_info"))
    dropped_attributes = property(attrgetter("_dropped"))
    dropped_events = property(lambda self: self._event_list.dropped if self._event_list is not None else 0)
    dropped_links = property(lambda self: self._link_list.dropped if self._link_list is not None else 0)

    @property
    def attributes(self) -> Attributes:
        if self._ended_at is not None:
            return MappingProxyType(self._values)
        with self._mutex:
            return MappingProxyType(self._values.copy())

    @property
    def events(self) -> Sequence[Event]:
        return () if self._event_list is None else tuple(self._event_list)

    @property
    def links(self) -> Sequence[Link]:
        return () if self._link_list is None else tuple(self._link_list)

    def to_json(self, indent: int | None = 4) -> str:
        readable = ReadableSpan(
            self.name,
            self.context,
            self.parent,
            self.resource,
            self.attributes,
            self.events,
            self.links,
            self.kind,
            None,
            self.status,
            self.start_time,
            self.end_time,
            self.instrumentation_scope,
        )
        return str(readable.to_json(indent))

    def start(self, start_time: int | None = None, parent_context: Context | None = None) -> None:
        _logger.warning("Ignored start() on a started span")

    def get_span_context(self) -> SpanContext:
        return self._span_context

    def is_recording(self) -> bool:
        return self._ended_at is None

    def update_name(self, name: str) -> None:
        with self._mutex:
            live = self._ended_at is None
            if live:
                self._span_name = name
        if not live:
            _warn("update_name")

    def set_attribute(self, key: str, value: AnyValue) -> None:
        attributes = {key: value}
        if self._are_plain(attributes):
            self._store(attributes, 0)
        else:
            checked = BoundedAttributes(None, None, False, self._origin.limits.max_span_attribute_length)
            checked[key] = value
            self._store(checked, checked.dropped)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        if self._are_plain(attributes):
            self._store(attributes, 0)
        else:
            limit = self._origin.limits.max_span_attribute_length
            checked = BoundedAttributes(None, attributes, False, limit)
            self._store(checked, checked.dropped)

    def _are_plain(self, attributes: Mapping[str, AnyValue]) -> bool:
        """Whether keys and values can be stored as they are."""
        values = attributes.values()
        if not (_PLAIN.issuperset(map(type, values)) and _TEXT.issuperset(map(type, attributes))):
            return False
        longest = self._origin.longest_text
        short = longest is None or all(type(value) is not str or len(value) <= longest for value in values)
        return short and "" not in attributes

    def _store(self, attributes: Mapping[str, AnyValue], dropped: int) -> None:
        with self._mutex:
            live = self._ended_at is None
            if live:
                self._dropped += dropped
                own, most = self._values, self._origin.most_attributes
                if len(own) + len(attributes) > most or (own and not own.keys().isdisjoint(attributes)):
                    self._store_each(attributes, most)
                else:
                    own.update(attributes)
        if not live:
            _warn("set_attributes")

    def _store_each(self, attributes: Mapping[str, AnyValue], most: int) -> None:
        own = self._values
        for key, value in attributes.items():
            own.pop(key, None)
            own[key] = value
            if len(own) > most:
                del own[next(iter(own))]
                self._dropped += 1

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        limits = self._origin.limits
        bounded = BoundedAttributes(
            limits.max_event_attributes, attributes, max_value_len=limits.max_attribute_length
        )
        event = Event(name, bounded, timestamp)
        with self._mutex:
            live = self._ended_at is None
            if live:
                if self._event_list is None:
                    self._event_list = BoundedList(limits.max_events)
                self._event_list.append(event)
        if not live:
            _warn("add_event")

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if not (context and (context.is_valid or attributes or context.trace_state)):
            return
        limits = self._origin.limits
        bounded = BoundedAttributes(
            limits.max_link_attributes, attributes, max_value_len=limits.max_attribute_length
        )
        link = Link(context, bounded)
        with self._mutex:
            live = self._ended_at is None
            if live:
                if self._link_list is None:
                    self._link_list = BoundedList(limits.max_links)
                self._link_list.append(link)
        if not live:
            _warn("add_link")

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if isinstance(status, Status):
            if description is not None:
                _logger.warning("Ignored the description %r beside a Status that has its own", description)
            new = status
        else:
            new = Status(status, description)
        with self._mutex:
            live = self._ended_at is None
            settled = self._span_status.status_code is StatusCode.OK
            if live and not settled and new.status_code is not StatusCode.UNSET:
                self._span_status = new
        if not live:
            _warn("set_status")

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        kind = type(exception)
        module = kind.__module__
        described: dict[str, AnyValue] = {
            "exception.type": f"{module}.{kind.__qualname__}"
            if module and module != "builtins"
            else kind.__qualname__,
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", described | dict(attributes or {}), timestamp)

    def fail(self, exception: BaseException, *, escaped: bool = False) -> None:
        """Record an exception that ended the span's work, as far as its maker wants that."""
        record, mark = self._on_exception
        if record:
            self.record_exception(exception, escaped=escaped)
        if mark:
            self.set_status(Status(StatusCode.ERROR, f"{type(exception).__name__}: {exception}"))

    def end(self, end_time: int | None = None) -> None:
        with self._mutex:
            live = self._ended_at is None
            if live:
                self._ended_at = time_ns() if end_time is None else end_time
        if live:
            self._origin.finish(self)
        else:
            _warn("end")

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exception is not None and self._ended_at is None:
            self.fail(exception, escaped=True)
        self.end()


def _warn(method: str) -> None:
    _logger.warning("Ignored %s() on an ended span", method)
