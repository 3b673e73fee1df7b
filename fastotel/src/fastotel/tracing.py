"""The tracer provider: the SDK's own, except that its tracers make this package's spans."""

import random
from collections.abc import Callable, Sequence
from functools import partial, wraps
from inspect import iscoroutinefunction
from sys import maxsize
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar, cast

from opentelemetry import metrics, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON, Decision, ParentBased, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.util.types import Attributes

from fastotel.counts import Census
from fastotel.identity import identify
from fastotel.spans import Span

_FLAGS = tuple(TraceFlags(bits) for bits in range(256))
_RANDOM = int(TraceFlags.RANDOM_TRACE_ID)
_SAMPLED = int(TraceFlags.SAMPLED)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Processors(sdk.SynchronousMultiSpanProcessor):
    """The processors of a provider; those that do nothing when a span starts are not asked."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.starting: tuple[sdk.SpanProcessor, ...] = ()
        self.ending: tuple[sdk.SpanProcessor, ...] = ()
        self._adding = Lock()

    def add_span_processor(self, span_processor: sdk.SpanProcessor) -> None:
        super().add_span_processor(span_processor)
        with self._adding:
            if getattr(type(span_processor), "on_start", None) is not sdk.SpanProcessor.on_start:
                self.starting += (span_processor,)
            self.ending += (span_processor,)


class TracerProvider(sdk.TracerProvider):
    """Takes what opentelemetry.sdk.trace.TracerProvider takes."""

    def __init__(
        self,
        sampler: Sampler | None = None,
        resource: Resource | None = None,
        shutdown_on_exit: bool = True,
        active_span_processor: sdk.SynchronousMultiSpanProcessor
        | sdk.ConcurrentMultiSpanProcessor
        | None = None,
        id_generator: IdGenerator | None = None,
        span_limits: sdk.SpanLimits | None = None,
        *,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._fast_processors = Processors()
        self._fast_limits = span_limits or sdk.SpanLimits()
        self._fast_tracers: dict[trace.Tracer, Tracer] = {}
        self._fast_census = Census.of(meter_provider)
        if active_span_processor is not None:
            self._fast_processors.add_span_processor(active_span_processor)
        super().__init__(
            sampler,
            identify(resource),
            shutdown_on_exit,
            active_span_processor or self._fast_processors,
            id_generator,
            self._fast_limits,
            meter_provider=meter_provider,
        )

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        tracer = super().get_tracer(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )
        if not isinstance(tracer, sdk.Tracer):
            return tracer
        if tracer not in self._fast_tracers:
            scope = InstrumentationScope(
                instrumenting_module_name or "", instrumenting_library_version or "", schema_url, attributes
            )
            fast = Tracer(tracer, scope, self._fast_limits, self._fast_processors, self._fast_census)
            return self._fast_tracers.setdefault(tracer, fast)
        return self._fast_tracers[tracer]


class Tracer(sdk.Tracer):
    """Makes the spans of one instrumentation scope."""

    def __init__(
        self,
        tracer: sdk.Tracer,
        scope: InstrumentationScope,
        limits: sdk.SpanLimits,
        processors: Processors,
        census: Census | None,
    ) -> None:
        """`tracer` is the SDK's for the same scope, which knows sampler, ids and resource."""
        self.scope = scope
        self.limits = limits
        self.longest_text = limits.max_span_attribute_length
        most = limits.max_span_attributes
        self.most_attributes = maxsize if most is None else most
        self.sampler: Sampler = tracer.sampler
        self.id_generator: IdGenerator = tracer.id_generator
        self.span_processor = processors
        self._processors = processors
        self._sdk_tracer = tracer
        self._census = census
        self._samples_all = self.sampler is ALWAYS_ON
        self._follows_parent = _is_default(self.sampler)
        self._draws_ids = type(self.id_generator) is RandomIdGenerator

    @property
    def resource(self) -> Resource:  # type: ignore[override]
        """The provider's resource; the SDK changes it in a forked process."""
        return self._sdk_tracer.resource

    @property
    def instrumentation_info(self) -> InstrumentationInfo:  # type: ignore[override]
        """The scope as older versions of the SDK called it."""
        return self._sdk_tracer.instrumentation_info

    def finish(self, span: Span) -> None:
        """Give an ended span to the processors."""
        if self._census is not None:
            self._census.end(span)
        for processor in self._processors.ending:
            processor.on_end(span)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        parent: SpanContext | None = trace.get_current_span(context).get_span_context()
        if parent is not None and not isinstance(parent, SpanContext):
            raise TypeError("parent_span_context must be a SpanContext or None.")
        if parent is not None and parent.is_valid:
            trace_id, flags, state = parent.trace_id, parent.trace_flags & _RANDOM, parent.trace_state
        else:
            parent, state = None, None
            trace_id, flags = self._new_trace()
        decision = Decision.RECORD_AND_SAMPLE
        if not (self._samples_all or (self._follows_parent and (parent is None or parent.trace_flags & 1))):
            sample = self.sampler.should_sample(context, trace_id, name, kind, attributes, links)
            decision, state, attributes = sample.decision, sample.trace_state, sample.attributes
        if decision is Decision.RECORD_AND_SAMPLE:
            flags |= _SAMPLED
        own = SpanContext(trace_id, self._new_span_id(), False, _FLAGS[flags], state)
        if self._census is not None:
            self._census.start(parent, decision)
        if decision is Decision.DROP:
            return NonRecordingSpan(own)
        span = Span(self, name, own, parent, kind, start_time, (record_exception, set_status_on_exception))
        self._furnish(span, attributes, links, context)
        return span

    def _furnish(
        self, span: Span, attributes: Attributes, links: Sequence[Link] | None, context: Context | None
    ) -> None:
        if attributes:
            span.set_attributes(attributes)
        for link in links or ():
            if link:
                span.add_link(link.context, link.attributes)
        for processor in self._processors.starting:
            processor.on_start(span, parent_context=context)

    def _new_trace(self) -> tuple[int, int]:
        if self._draws_ids:
            return random.getrandbits(128) or 1, _RANDOM
        generator = self.id_generator
        return generator.generate_trace_id(), _RANDOM if generator.is_trace_id_random() else 0

    def _new_span_id(self) -> int:
        return random.getrandbits(64) or 1 if self._draws_ids else self.id_generator.generate_span_id()

    def start_as_current_span(  # type: ignore[override]  # the SDK's return type has a private name
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> "Activation":
        on_exception = (record_exception, set_status_on_exception)
        start = partial(self.start_span, name, context, kind, attributes, links, start_time, *on_exception)
        return Activation(start, end_on_exit)


def _is_default(sampler: Sampler) -> bool:
    """Whether the sampler decides as the SDK's default one; of a subclass the description proves nothing."""
    described: Any = sampler
    default: Any = DEFAULT_ON
    return type(sampler) is ParentBased and described.get_description() == default.get_description()


class Activation:
    """Makes a new span current for a `with` block or, as a decorator, for a function, async or not."""

    def __init__(self, start: Callable[[], trace.Span], end_on_exit: bool) -> None:
        self._start = start
        self._end_on_exit = end_on_exit

    def __call__(self, func: FunctionT) -> FunctionT:
        @wraps(func)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with Activation(self._start, self._end_on_exit):
                return func(*args, **kwargs)

        @wraps(func)
        async def traced_async(*args: Any, **kwargs: Any) -> Any:
            with Activation(self._start, self._end_on_exit):
                return await func(*args, **kwargs)

        return cast(FunctionT, traced_async if iscoroutinefunction(func) else traced)

    def __enter__(self) -> trace.Span:
        self._span = self._start()
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
        if isinstance(exception, Exception) and isinstance(span, Span) and span.is_recording():
            span.fail(exception)
        if self._end_on_exit:
            span.end()
