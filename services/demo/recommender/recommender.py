"""One answer, from the user's id to the k best items; the source of an answer is decided here only."""

import secrets
from collections.abc import Callable
from time import perf_counter

from openfeature.flag_evaluation import Reason as FlagReason
from opentelemetry import trace

from services.assignment import find_group
from services.demo.recommender.answers import Answer, Labels, Reason, Source
from services.demo.recommender.exposures import Exposures
from services.demo.recommender.feature_store import Features, FeatureStore, Loaded
from services.demo.recommender.feedback import Feedback
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.model import Model
from services.demo.recommender.ranking import Ranked, locate, rank, rank_popular, score
from services.demo.recommender.versions import Versions
from services.demo.recommender.watch import Watch
from services.demo.storage.reference import UNKNOWN_SEGMENT


class Recommender:
    """Answers each request with the version chosen for its user, with or without the user's features.

    What it answered is offered to whoever may answer it too, in the shadow.
    """

    def __init__(
        self,
        versions: Versions,
        features: FeatureStore,
        feedback: Feedback,
        watch: Watch,
        recorder: Recorder,
        offer: Callable[[Answer, trace.SpanContext], None] | None = None,
        replica: str = "",
    ) -> None:
        self._versions = versions
        self._features = features
        self._feedback = feedback
        self._watch = watch
        self._recorder = recorder
        self._offer = offer
        self._mark = f"{replica}-" if replica else ""
        self._exposures = Exposures(recorder)

    async def recommend(self, user_id: int, k: int) -> Answer:
        """The k best items for a user. Raises `ModelUnavailable` before the first model is loaded."""
        started = perf_counter()
        model, flag_reason = self._versions.choose(user_id)
        group = find_group(str(user_id)) if flag_reason == FlagReason.SPLIT.lower() else ""
        with (
            self._exposures.count_failure(model.version, group),
            self._recorder.pipeline(model.version) as span,
        ):
            segment = model.segment_of(user_id)
            loaded = await self._load(model, user_id, segment)
            answer = Answer(
                request_id=self._mark + secrets.token_hex(8),
                trace_id=_trace_id(span),
                user_id=user_id,
                dataset_id=model.dataset_id,
                labels=Labels(_source(loaded), model.version, segment or UNKNOWN_SEGMENT, group),
                reason=loaded.reason,
                flag_reason=flag_reason,
                waited=loaded.waited,
                items=self._choose(model, loaded.features, k),
            )
            self._recorder.record_answer(span, answer, loaded.computed_at)
        if group:
            self._exposures.see(self._versions.flag, answer, perf_counter() - started)
        self._feedback.expect(answer)
        self._watch.observe(answer, loaded.features)
        if self._offer:
            self._offer(answer, span.get_span_context())
        return answer

    async def _load(self, model: Model, user_id: int, segment: str | None) -> Loaded:
        if segment is None:
            return Loaded(None, Reason.UNKNOWN_USER)
        with self._recorder.load_features(model.version):
            return await self._features.load(model, user_id)

    def _choose(self, model: Model, features: Features | None, k: int) -> Ranked:
        if features is None:
            with self._recorder.rank(model.version):
                return rank_popular(model.arrays.popular, k)
        with self._recorder.score(model.version):
            scores = score(model.arrays.item_factors, features.factors)
        with self._recorder.rank(model.version):
            seen = locate(model.arrays.item_ids, features.seen)
            if len(seen) < len(features.seen):
                self._recorder.count_violation("unknown_item")
            return rank(scores, model.arrays.item_ids, seen, k)


def _source(loaded: Loaded) -> Source:
    if loaded.features is None:
        return Source.POPULAR
    return Source.PERSONALISED if loaded.reason is Reason.OK else Source.STALE


def _trace_id(span: trace.Span) -> str | None:
    context = span.get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
