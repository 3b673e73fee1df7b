"""The tracer: samples as the SDK does, makes spans, and hands the sampled ones on when they end."""

import random
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.util._decorator import _AgnosticContextManager
from opentelemetry.util.types import Attributes

from services.instrumentation.spans import Origin, RecordingSpan, Sink

_FLAGS = tuple(TraceFlags(bits) for bits in range(4))
_RANDOM = int(TraceFlags.RANDOM_TRACE_ID)


class TracerProvider(trace.TracerProvider):
    """Tracers whose sampled spans go to one `sink`."""

    def __init__(self, sampler: Sampler, limits: SpanLimits, sink: Sink) -> None:
        self._sampler = sampler
        self._limits = limits
        self._sink = sink

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> "Tracer":
        scope = InstrumentationScope(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )
        return Tracer(Origin(scope, self._limits, self._sink), self._sampler)


class Tracer(trace.Tracer):
    """Makes the spans of one instrumentation scope."""

    def __init__(self, origin: Origin, sampler: Sampler) -> None:
        self._origin = origin
        self._sample = sampler.should_sample
        self._follows_parent = _describe(sampler) == _describe(DEFAULT_ON)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        parent: SpanContext | None = trace.get_current_span(context).get_span_context()
        if parent is None or not parent.is_valid:
            parent, trace_id, flags = None, random.getrandbits(128) or 1, _RANDOM
        else:
            trace_id, flags = parent.trace_id, parent.trace_flags & _RANDOM
        span_id = random.getrandbits(64) or 1
        if self._follows_parent and (parent is None or parent.trace_flags & TraceFlags.SAMPLED):
            state = parent.trace_state if parent is not None else None
            identity = SpanContext(trace_id, span_id, False, _FLAGS[flags | TraceFlags.SAMPLED], state)
        else:
            sample = self._sample(context, trace_id, name, kind, attributes, links)
            if sample.decision is Decision.RECORD_AND_SAMPLE:
                flags |= TraceFlags.SAMPLED
            identity = SpanContext(trace_id, span_id, False, _FLAGS[flags], sample.trace_state)
            if sample.decision is Decision.DROP:
                return NonRecordingSpan(identity)
            attributes = sample.attributes
        span = RecordingSpan(self._origin, name, identity, parent, kind)
        if attributes:
            span.set_attributes(attributes)
        for link in links or ():
            span.add_link(link.context, link.attributes)
        span.on_exception = (record_exception, set_status_on_exception)
        if start_time is not None:
            span.start_time = start_time
        return span

    def start_as_current_span(
        self, name: str, *args: Any, end_on_exit: bool = True, **kwargs: Any
    ) -> "Activation":
        return Activation(self, name, args, kwargs, end_on_exit)


def _describe(sampler: Any) -> str:
    return str(sampler.get_description())


class Activation(_AgnosticContextManager[Span]):
    """Makes a new span current for a `with` block or, as a decorator, for a function, async or not."""

    def __init__(
        self, tracer: Tracer, name: str, args: tuple[Any, ...], options: dict[str, Any], end_on_exit: bool
    ) -> None:
        self._recipe = (tracer, name, args, options, end_on_exit)

    def _recreate_cm(self) -> "Activation":
        return Activation(*self._recipe)

    def __enter__(self) -> Span:
        tracer, name, args, options, _ = self._recipe
        self._span = tracer.start_span(name, *args, **options)
        self._token = attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        detach(self._token)
        span = self._span
        if isinstance(exception, Exception) and isinstance(span, RecordingSpan):
            span.fail(exception)
        if self._recipe[-1]:
            span.end()
