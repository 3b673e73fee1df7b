"""What is recorded of answers in the shadow: their fate, how they differ, and the request's trace of both."""

from collections.abc import Sequence
from enum import StrEnum

from opentelemetry.metrics import Counter, Histogram
from opentelemetry.trace import NonRecordingSpan, SpanContext, Tracer, set_span_in_context

from services.demo.recommender.answers import Answer
from services.demo.recommender.shadow.agreement import Compared
from services.instrumentation import Telemetry
from telemetry import attributes as a
from telemetry import instruments as i
from telemetry import spans


class Outcome(StrEnum):
    """What became of a request that was to be answered in the shadow too."""

    ANSWERED = "answered"
    QUEUE_FULL = "queue_full"
    BUSY = "busy"
    UNKNOWN_USER = "unknown_user"
    FEATURES_MISSING = "features_missing"
    FEATURES_INVALID = "features_invalid"
    FEATURES_EXPIRED = "features_expired"
    STORAGE_ERROR = "storage_error"
    FAILED = "failed"


class ShadowRecorder:
    """Metrics of all answers in the shadow, and a span for each in its request's trace."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._tracer: Tracer = telemetry.tracer
        self._requests: Counter = telemetry.instrument(i.SHADOW_REQUESTS)
        self._agreement: Histogram = telemetry.instrument(i.SHADOW_AGREEMENT)
        self._overlap: Histogram = telemetry.instrument(i.SHADOW_RANK_BIASED_OVERLAP)
        self._cpu_time: Counter = telemetry.instrument(i.SHADOW_CPU_TIME)

    def count(self, version: str, outcome: Outcome) -> None:
        """Count a request that `version` was to answer."""
        self._requests.add(1, {a.SHADOW_MODEL_VERSION: version, a.OUTCOME: outcome.value})

    def spend(self, version: str, seconds: float) -> None:
        """Count processor time."""
        self._cpu_time.add(seconds, {a.SHADOW_MODEL_VERSION: version})

    def record(
        self,
        version: str,
        answer: Answer,
        request: SpanContext,
        items: Sequence[int],
        compared: Compared,
        started: int,
    ) -> None:
        """Record how `items` of `version` compare with the user's answer; `started` in Unix nanoseconds.

        `request` is the span of the user's answer: the trace has both.
        """
        labels = {
            a.MODEL_VERSION: answer.labels.version,
            a.SHADOW_MODEL_VERSION: version,
            a.SEGMENT: answer.labels.segment,
        }
        span = self._tracer.start_span(
            spans.SHADOW_ANSWER.name,
            set_span_in_context(NonRecordingSpan(request)),
            start_time=started,
            attributes={
                a.MODEL_VERSION: answer.labels.version,
                a.SHADOW_MODEL_VERSION: version,
                a.RECOMMENDATION_ITEMS: [item_id for item_id, _ in answer.items],
                a.SHADOW_ITEMS: items,
                a.SHADOW_AGREEMENT: compared.agreement,
                a.SHADOW_RANK_BIASED_OVERLAP: compared.overlap,
                a.SHADOW_DIFFERENCE: compared.difference.value,
                a.USER_SEGMENT: answer.labels.segment,
            },
        )
        context = set_span_in_context(span)
        self._agreement.record(compared.agreement, labels, context)
        self._overlap.record(compared.overlap, labels, context)
        span.end()
