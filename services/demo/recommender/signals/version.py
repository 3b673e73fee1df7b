"""One model version's recent answers, and what they measure."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.demo.recommender.answers import Answer, Source
from services.demo.recommender.feature_store import Features
from services.demo.recommender.model import Model
from services.demo.recommender.signals.drift import SEGMENT_NAMES, DriftReference, Rows
from services.demo.recommender.signals.lists import average, measure_diversity, rank_percentiles
from services.demo.recommender.signals.series import Series
from telemetry import attributes as a
from telemetry import instruments as i

WINDOW = 120.0
"""Seconds of answers that gauges are about."""
COVERAGE_WINDOW = 300.0
CAPACITY = 20_000
"""Most answers kept, about 1 MB."""

ROW = np.dtype(
    [
        ("at", "f8"),
        ("segment", "i1"),
        ("source", "i1"),
        ("factor_norm", "f8"),
        ("seen_count", "f8"),
        ("top_score", "f8"),
        ("popularity", "f8"),
        ("diversity", "f8"),
    ]
)
_SOURCES = tuple(Source)


class Observation(NamedTuple):
    """One answer with at least one item, the model that gave it, the features it was made from."""

    model: Model
    answer: Answer
    features: Features | None


ItemsShown = Callable[[str, float], NDArray[np.int64]]
"""The items that all workers' answers of a version had since a time."""


def only_here(_: str, __: float) -> NDArray[np.int64]:
    """What a process that is alone knows of other workers."""
    return np.empty(0, np.int64)


class VersionSignals:
    """The answers of one loaded model; times in seconds on any clock."""

    def __init__(self, model: Model, items_shown: ItemsShown = only_here) -> None:
        self.model = model
        self._items_shown = items_shown
        self.rows: Rows = np.empty(0, ROW)
        reference = model.reference
        self._drift = DriftReference(model.version, reference)
        popularity = np.array(reference.popularity if reference else (), dtype=np.int32)
        self._percentiles = rank_percentiles(model.arrays.item_ids, popularity) if reference else None
        self._shown_at = np.full(len(model.arrays.item_ids), -np.inf)

    def add(self, observations: Sequence[Observation], now: float) -> None:
        """Take in answers, and let go of those older than the window."""
        if observations:
            self.rows = np.concatenate((self.rows, self._describe(observations, now)))
        self.rows = self.rows[self.rows["at"] > now - WINDOW][-CAPACITY:]

    def is_idle(self, now: float) -> bool:
        """Whether nothing was shown for so long that no gauge depends on it."""
        return bool(np.max(self._shown_at) <= now - COVERAGE_WINDOW)

    def measure(self, now: float) -> Iterator[tuple[Series, float]]:
        """Drift and the number of its samples, coverage, popularity, diversity."""
        version = (a.MODEL_VERSION, self.model.version)
        yield from self._drift.measure_features(self.rows)
        yield from self._drift.measure_predictions(self.rows)
        if len(self.rows):
            yield Series(i.RECOMMENDATION_COVERAGE, (version,)), self._cover(now - COVERAGE_WINDOW)
        diversity = self.rows["diversity"][~np.isnan(self.rows["diversity"])]
        if len(diversity):
            yield Series(i.RECOMMENDATION_DIVERSITY, (version,)), float(np.mean(diversity))
        for code, source in enumerate(_SOURCES):
            popularity = self.rows["popularity"][self.rows["source"] == code]
            if len(popularity) and self._percentiles is not None:
                attributes = (version, (a.SOURCE, source.value))
                yield Series(i.RECOMMENDATION_POPULARITY, attributes), float(np.mean(popularity))

    def _cover(self, since: float) -> float:
        elsewhere = np.isin(self.model.arrays.item_ids, self._items_shown(self.model.version, since))
        return float(np.mean((self._shown_at > since) | elsewhere))

    def _describe(self, observations: Sequence[Observation], now: float) -> Rows:
        arrays = self.model.arrays
        answers = [seen.answer for seen in observations]
        lengths = np.array([len(answer.items) for answer in answers])
        shown = np.array([item_id for answer in answers for item_id, _ in answer.items], dtype=np.int32)
        places = np.searchsorted(arrays.item_ids, shown)
        self._shown_at[places] = now
        rows = np.empty(len(answers), ROW)
        rows["at"] = now
        rows["segment"] = [SEGMENT_NAMES.index(answer.labels.segment) for answer in answers]
        rows["source"] = [_SOURCES.index(answer.labels.source) for answer in answers]
        rows["top_score"] = [_top_score(answer) for answer in answers]
        rows["factor_norm"] = [_norm(seen.features) for seen in observations]
        rows["seen_count"] = [len(seen.features.seen) if seen.features else np.nan for seen in observations]
        rows["popularity"] = (
            np.nan if self._percentiles is None else average(self._percentiles[places], lengths)
        )
        rows["diversity"] = measure_diversity(arrays.item_factors[places], lengths)
        return rows


def find_strangers(observations: Sequence[Observation]) -> int:
    """How many answers were made from features that name a seen item the model does not have."""
    return sum(_names_stranger(seen.model, seen.features) for seen in observations if seen.features)


def _names_stranger(model: Model, features: Features) -> bool:
    item_ids = model.arrays.item_ids
    places = np.minimum(np.searchsorted(item_ids, features.seen), len(item_ids) - 1)
    return bool(np.any(item_ids[places] != features.seen))


def _top_score(answer: Answer) -> float:
    return np.nan if answer.labels.source is Source.POPULAR else answer.items[0][1]


def _norm(features: Features | None) -> float:
    return float(np.linalg.norm(features.factors)) if features else np.nan
