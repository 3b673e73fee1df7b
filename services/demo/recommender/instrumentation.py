"""What the recommender records; instruments and attributes are made once, outside the request path."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from time import perf_counter, time
from types import TracebackType

from opentelemetry import context as otel_context
from opentelemetry.metrics import Counter, Histogram, Observation
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from services.demo.flags import FLAG_KEY
from services.demo.flags.provider import PROVIDER_NAME
from services.demo.recommender.answers import Answer, Labels, Reason, Source
from services.demo.recommender.connection import Connection
from services.demo.recommender.counts import Count
from services.demo.recommender.model import Model
from services.demo.recommender.object_reader import ObjectRead, Outcome
from services.instrumentation import Telemetry
from telemetry import attributes as a
from telemetry import instruments as i
from telemetry import spans

GET_OBJECT = "GetObject"
USER_FACTORS = "user_factors"
"""The feature that `recommendation.feature.*` is about."""

_OPERATION = {a.OPERATION: GET_OBJECT}
_FEATURE = {a.FEATURE: USER_FACTORS}


@lru_cache(maxsize=256)
def _label_outcome(outcome: Outcome, error_type: str | None) -> dict[str, str]:
    named = _OPERATION | {a.OUTCOME: outcome.value}
    return named | {a.ERROR_TYPE: error_type} if error_type else named


@lru_cache(maxsize=64)
def _label_stage(stage: str, version: str) -> dict[str, str]:
    return {a.STAGE: stage, a.MODEL_VERSION: version}


class Stage:
    """A stage of the pipeline: inside `with` its span is the current one; leaving records its duration."""

    __slots__ = ("_duration", "_labels", "_span", "_span_name", "_started", "_token", "_tracer")

    def __init__(self, labels: dict[str, str], span_name: str, tracer: Tracer, duration: Histogram) -> None:
        self._span_name = span_name
        self._labels = labels
        self._tracer = tracer
        self._duration = duration

    def __enter__(self) -> Span:
        self._started = perf_counter()
        self._span = self._tracer.start_span(self._span_name)
        self._token = otel_context.attach(set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(StatusCode.ERROR)
        self._duration.record(perf_counter() - self._started, self._labels)
        self._span.end()
        otel_context.detach(self._token)


class Recorder:
    """All spans and measurements of the recommender, by what they mean."""

    def __init__(self, telemetry: Telemetry, connection: Connection) -> None:
        self._describe = telemetry.describe
        self._observe = telemetry.observe
        self._tracer: Tracer = telemetry.tracer
        self._storage_span: dict[str, str | int] = {
            a.RPC_SYSTEM: "aws-api",
            a.RPC_SERVICE: "S3",
            a.RPC_METHOD: GET_OBJECT,
            a.AWS_S3_BUCKET: connection.bucket,
            a.SERVER_ADDRESS: connection.host,
            a.SERVER_PORT: connection.port,
        }
        self._stage_duration: Histogram = telemetry.instrument(i.RECOMMENDATION_DURATION)
        self._storage_duration: Histogram = telemetry.instrument(i.STORAGE_OPERATION_DURATION)
        self._first_byte: Histogram = telemetry.instrument(i.STORAGE_OPERATION_FIRST_BYTE)
        self._storage_limit = telemetry.instrument(i.STORAGE_OPERATION_LIMIT)
        self._transferred = Count(telemetry, i.STORAGE_TRANSFER_SIZE)
        self._requests = Count(telemetry, i.RECOMMENDATION_REQUESTS)
        self._impressions = Count(telemetry, i.RECOMMENDATION_IMPRESSIONS)
        self._feature_age: Histogram = telemetry.instrument(i.RECOMMENDATION_FEATURE_AGE)
        self._feature_missing = Count(telemetry, i.RECOMMENDATION_FEATURE_MISSING)
        self._clicks = Count(telemetry, i.RECOMMENDATION_CLICKS)
        self._thumbs = Count(telemetry, i.RECOMMENDATION_THUMBS)
        self._labelled = Count(telemetry, i.RECOMMENDATION_LABELLED)
        self._hits = Count(telemetry, i.RECOMMENDATION_HITS)
        self._violations = Count(telemetry, i.RECOMMENDATION_SCHEMA_VIOLATIONS)
        self._violations.add(0, USER_FACTORS, "unknown_item")
        self._store_failures: Counter = telemetry.instrument(i.RECOMMENDATION_STORE_FAILURES)
        self._worker_deaths: Counter = telemetry.instrument(i.RECOMMENDATION_WORKER_DEATHS)
        self._events = Count(telemetry, i.EXPERIMENT_EVENTS)
        self._exposure_duration: Histogram = telemetry.instrument(i.EXPERIMENT_DURATION)
        self._users = telemetry.instrument(i.EXPERIMENT_USERS)
        self._model_info = telemetry.instrument(i.RECOMMENDATION_MODEL_INFO)

    def pipeline(self, version: str) -> Stage:
        """The whole of one answer of a version."""
        return self._stage("total", spans.PIPELINE.name, version)

    def load_features(self, version: str) -> Stage:
        return self._stage("load_features", spans.LOAD_FEATURES.name, version)

    def score(self, version: str) -> Stage:
        return self._stage("score", spans.SCORE.name, version)

    def rank(self, version: str) -> Stage:
        return self._stage("rank", spans.RANK.name, version)

    def _stage(self, name: str, span_name: str, version: str) -> Stage:
        return Stage(_label_stage(name, version), span_name, self._tracer, self._stage_duration)

    def start_storage_span(self) -> Span:
        """The span of one read; it holds no object key, for that names the user."""
        return self._tracer.start_span(
            spans.S3_GET_OBJECT.name, kind=SpanKind.CLIENT, attributes=self._storage_span
        )

    def describe_limit(self, operations: int) -> None:
        """How many operations on storage may be under way at once."""
        self._storage_limit.set(operations, _OPERATION)

    def observe_active(self, count: Callable[[], int]) -> None:
        """`count` gives the operations on storage that are under way."""
        self._observe(i.STORAGE_OPERATION_ACTIVE, lambda _: [Observation(count(), _OPERATION)])

    def record_storage(self, span: Span, read: ObjectRead) -> None:
        """Record a finished read in the context of its span, so that exemplars name its trace."""
        context = set_span_in_context(span)
        labels = _label_outcome(read.outcome, read.error_type)
        self._storage_duration.record(read.seconds, labels, context=context)
        if read.first_byte is not None:
            self._first_byte.record(read.first_byte, labels, context=context)
        if read.body:
            self._transferred.add(len(read.body), GET_OBJECT)
        described: dict[str, str | int | None] = {
            a.HTTP_RESPONSE_STATUS_CODE: read.status,
            a.AWS_REQUEST_ID: read.request_id,
            a.ERROR_TYPE: read.error_type,
        }
        span.set_attributes({key: value for key, value in described.items() if value is not None})
        if read.error_type is not None:
            span.set_status(StatusCode.ERROR)

    def record_answer(self, span: Span, answer: Answer, computed_at: float | None) -> None:
        """Describe an answer on its span and count it; `computed_at` is its features' Unix time."""
        span.set_attributes(_describe_answer(answer))
        source, version, segment = _label(answer.labels)
        self._requests.add(1, source, answer.reason.value, version, segment)
        self._impressions.add(len(answer.items), source, version, segment)
        if computed_at is not None:
            self._feature_age.record(max(0.0, time() - computed_at), _FEATURE)
        if answer.reason is Reason.FEATURES_MISSING:
            self._feature_missing.add(1, USER_FACTORS)

    def count_click(self, labels: Labels) -> None:
        self._clicks.add(1, *_label(labels))
        self._count_event(labels, "click")

    def count_thumb(self, labels: Labels, direction: str) -> None:
        """`direction` is up or down."""
        self._thumbs.add(1, *_label(labels), direction)
        self._count_event(labels, f"thumb_{direction}")

    def count_labelled(self, labels: Labels, requests: int, hits: int) -> None:
        """Requests whose attribution window has closed, and those of them in which an item was clicked."""
        self._labelled.add(requests, *_label(labels))
        self._hits.add(hits, *_label(labels))
        self._count_event(labels, "labelled", requests)
        self._count_event(labels, "hit", hits)

    def record_exposure(self, labels: Labels, seconds: float) -> None:
        """An answer to a user whom a flag gave its version; it took `seconds`.

        What may come later is counted from 0 on: the first one of a series would be lost to rates.
        """
        self._count_event(labels, "request")
        self._count_event(labels, "personalised", int(labels.source is Source.PERSONALISED))
        for event in ("failed", "labelled", "hit"):
            self._count_event(labels, event, 0)
        self._exposure_duration.record(seconds, {a.MODEL_VERSION: labels.version, a.USER_GROUP: labels.group})

    def record_failure(self, labels: Labels) -> None:
        """A request without an answer, of a user whom a flag gave its version."""
        self._count_event(labels, "failed")

    def record_users(self, version: str, users: int) -> None:
        """Different users that a version has answered since the flag is as it is; 0 when it changes."""
        self._users.set(users, {a.MODEL_VERSION: version})

    def _count_event(self, labels: Labels, event: str, count: int = 1) -> None:
        if labels.group:
            self._events.add(count, labels.version, labels.group, labels.segment, event)

    def count_violation(self, kind: str) -> None:
        """A user's features broke their schema; `kind` says how."""
        self._violations.add(1, USER_FACTORS, kind)

    def count_store_failures(self, kind: str, count: int) -> None:
        """What the workers' common store failed to do; `kind` says why."""
        self._store_failures.add(count, {a.ERROR_TYPE: kind})

    def count_worker_deaths(self, count: int) -> None:
        """Workers in this one's place that were killed."""
        self._worker_deaths.add(count)

    def record_versions(self, former: Iterable[Model], live: Model, in_use: Iterable[Model]) -> None:
        """Say with all telemetry from now on which model is live, and which ones answer."""
        self._describe({a.MODEL_VERSION: live.version, a.DATASET_ID: live.dataset_id})
        for model in former:
            self._model_info.set(0, _describe_model(model))
        for model in in_use:
            self._model_info.set(1, _describe_model(model))


def _label(labels: Labels) -> tuple[str, str, str]:
    return labels.source.value, labels.version, labels.segment


def _describe_answer(answer: Answer) -> dict[str, str | int | float]:
    source, version, segment, _ = answer.labels
    described: dict[str, str | int | float] = {
        a.STORAGE_LATENCY_MS: answer.waited * 1_000,
        a.MODEL_VERSION: version,
        a.DATASET_ID: answer.dataset_id,
        a.RECOMMENDATION_SOURCE: source.value,
        a.RECOMMENDATION_REASON: answer.reason.value,
        a.USER_SEGMENT: segment,
        a.FEATURE_FLAG_KEY: FLAG_KEY,
        a.FEATURE_FLAG_PROVIDER_NAME: PROVIDER_NAME,
        a.FEATURE_FLAG_RESULT_VARIANT: version,
        a.FEATURE_FLAG_RESULT_REASON: answer.flag_reason,
    }
    if answer.items:
        described[a.MODEL_PREDICTION] = answer.items[0][0]
    return described


def _describe_model(model: Model) -> dict[str, str]:
    return {
        a.MODEL_VERSION: model.version,
        a.DATASET_ID: model.dataset_id,
        a.TRAINED_AT: model.card.trained_at.isoformat(" ", "minutes"),
    }
