"""What the recommender records. Instruments and attribute dictionaries are made once: recording is on the request path."""

from functools import lru_cache
from time import perf_counter, time
from types import TracebackType
from typing import Literal

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from services.instrumentation import Telemetry
from services.recommender.answers import Answer, Labels, Reason, Source
from services.recommender.model import Model
from services.recommender.object_reader import ObjectRead, Outcome
from telemetry import attributes as a
from telemetry import instruments as i
from telemetry import spans

GET_OBJECT = "GetObject"
USER_FACTORS = "user_factors"
STAGE_SPANS = {
    "total": spans.PIPELINE.name,
    "load_features": spans.LOAD_FEATURES.name,
    "score": spans.SCORE.name,
    "rank": spans.RANK.name,
}
"""Span of each stage, by the stage's name in `recommendation.duration`."""

_OPERATION = {a.OPERATION: GET_OBJECT}
_FACTORS = {a.FEATURE: USER_FACTORS}


@lru_cache(maxsize=1_024)
def _attributes(labels: Labels, *extra: tuple[str, str]) -> dict[str, str]:
    common = {a.SOURCE: labels.source, a.MODEL_VERSION: labels.version, a.SEGMENT: labels.segment}
    return common | dict(extra)


@lru_cache(maxsize=64)
def _outcome(outcome: Outcome, error_type: str | None) -> dict[str, str]:
    error = {a.ERROR_TYPE: error_type} if error_type else {}
    return _OPERATION | {a.OUTCOME: outcome} | error


class Stage:
    """A stage of the pipeline: inside `with` its span is the current one; leaving records its duration."""

    __slots__ = ("_duration", "_labels", "_name", "_span", "_started", "_token", "_tracer")

    def __init__(self, name: str, tracer: Tracer, duration: trace.Any) -> None:
        self._name = name
        self._tracer = tracer
        self._duration = duration

    def __enter__(self) -> Span:
        self._started = perf_counter()
        self._span = self._tracer.start_span(STAGE_SPANS[self._name])
        self._token = otel_context.attach(set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(StatusCode.ERROR)
        self._duration.record(perf_counter() - self._started, _STAGES[self._name])
        self._span.end()
        otel_context.detach(self._token)
