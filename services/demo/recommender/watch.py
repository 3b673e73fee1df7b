"""The versions in use, watched with the package whence_monitor, as any service watches its models.

Answers that a version did not make, the popular list, tell nothing about it: they are left out.
"""

from collections.abc import Collection, Iterable
from math import sqrt
from typing import NamedTuple

from opentelemetry.metrics import MeterProvider
from whence_monitor import Monitor

from services.demo.recommender.answers import Answer, Source
from services.demo.recommender.feature_store import Features
from services.demo.recommender.model import Model
from services.demo.recommender.shown import Closed
from services.demo.storage.artefacts import MODEL, SEGMENTS
from services.demo.storage.reference import FACTOR_NORM, SEEN_COUNT, SEGMENT_MIX, TOP_SCORE, UNKNOWN_SEGMENT


class _Watched(NamedTuple):
    model: Model
    monitor: Monitor


class Watch:
    """A monitor for each version; `window` is the seconds after which an answer's truth is known."""

    def __init__(self, meters: MeterProvider, window: float) -> None:
        self._meters = meters
        self._window = window
        self._watched: dict[str, _Watched] = {}

    def prepare(self, models: Iterable[Model]) -> None:
        """Begin to watch what is new or was published anew; takes some milliseconds each."""
        for model in models:
            known = self._watched.get(model.version)
            if known and known.model is not model:
                known.monitor.close()
            if known is None or known.model is not model:
                self._watched[model.version] = _Watched(model, self._start(model))

    def keep(self, versions: Collection[str]) -> None:
        """Stop watching all others."""
        for version in self._watched.keys() - versions:
            self._watched.pop(version).monitor.close()

    def observe(self, answer: Answer, features: Features | None) -> None:
        """Tell of an answer that a version made, from a user's features."""
        watched = self._watched.get(answer.labels.version)
        if watched and features and answer.items:
            described = {
                FACTOR_NORM: sqrt(features.factors @ features.factors),
                SEEN_COUNT: len(features.seen),
                TOP_SCORE: answer.items[0][1],
                SEGMENT_MIX: answer.labels.segment,
            }
            items = [item_id for item_id, _ in answer.items]
            watched.monitor.observe(described, items, segment=answer.labels.segment)

    def judge(self, closed: Closed) -> None:
        """Tell what was clicked in an answer, by the places of its items."""
        watched = self._watched.get(closed.labels.version)
        if watched and closed.labels.source is not Source.POPULAR:
            places = range(len(closed.item_ids))
            watched.monitor.judge(places, closed.clicked, closed.labels.segment, self._window)

    def _start(self, model: Model) -> Monitor:
        return Monitor(
            MODEL,
            model.version,
            model.dataset_id,
            task="ranking",
            reference=model.reference,
            segments=(*SEGMENTS, UNKNOWN_SEGMENT),
            meter_provider=self._meters,
        )
