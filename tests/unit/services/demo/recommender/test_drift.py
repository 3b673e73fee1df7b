"""Drift of what versions are asked, from what their monitors export: counts by bin, and those in training."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor.formulas.drift import population_stability

from services.demo.dataset import Ratings, generate, load, split
from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.feature_store import Features
from services.demo.recommender.model import Model
from services.demo.recommender.ranking import locate, rank, score
from services.demo.recommender.watch import Watch
from services.demo.storage.artefacts import SEGMENTS, ModelCard
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits
from services.demo.trainer.model import TrainedModel, train
from services.demo.trainer.parameters import LIVE
from services.demo.trainer.reference import make_reference

LARGE, SMALL = 0.25, 0.1
VISITS = 1_500


class World:
    """A data set, a model that is trained on it, and the users who come."""

    def __init__(self, ratings: Ratings, held_out: Ratings) -> None:
        self._crowd = Crowd(ratings, held_out, Habits())
        self._trained: TrainedModel = train(ratings, LIVE)
        card = ModelCard(
            version="v1",
            dataset_id="d",
            trained_at=datetime.now(UTC),
            algorithm="als",
            parameters={},
            metrics={},
            segments=SEGMENTS,
            code_revision="test",
            sha256="",
        )
        self.model = Model(card, self._trained.arrays, make_reference("d", self._trained))

    def visitors(self, seed: int = 0) -> Iterator[int]:
        """The known users among those who come at 20 per second, as the traffic service chooses them."""
        random, now = np.random.default_rng(seed), 0.0
        while True:
            now += 0.05
            user_id = self._crowd.choose(now, random)
            if self.model.segment_of(user_id):
                yield user_id

    def features(self, user_id: int, scale: float = 1.0) -> Features:
        arrays = self.model.arrays
        row = int(np.searchsorted(arrays.user_ids, user_id))
        seen = arrays.item_ids[np.sort(self._trained.seen[row].indices)]
        return Features(self._trained.user_factors[row] * np.float32(scale), seen, 0.0)


class Watched:
    """What the monitor of the world's model exports."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reader = InMemoryMetricReader()
        self._watch = Watch(MeterProvider([self._reader]), window=15.0)
        self._watch.prepare([world.model])

    def ask(self, users: Iterator[int], scale: float = 1.0) -> None:
        """`VISITS` answers to users, from features whose factors are off by `scale`."""
        arrays = self._world.model.arrays
        for user_id in islice(users, VISITS):
            features = self._world.features(user_id, scale)
            scores = score(arrays.item_factors, features.factors)
            items = rank(scores, arrays.item_ids, locate(arrays.item_ids, features.seen), 10)
            segment = self._world.model.segment_of(user_id) or ""
            answer: Any = SimpleNamespace(labels=Labels(Source.PERSONALISED, "v1", segment), items=items)
            self._watch.observe(answer, features)

    def drift(self, feature: str, segment: str = "") -> float:
        """The population stability index of a feature, of all or of one segment."""
        data: Any = self._reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        now, then = (
            _by_bin(metrics, name, feature, segment)
            for name in ("model.feature.values", "model.reference.values")
        )
        names = sorted({*now, *then})
        return population_stability(*(np.array([of[name] for name in names]) for of in (then, now)))


def _by_bin(metrics: list[Any], name: str, feature: str, segment: str) -> Counter[str]:
    points = [p for metric in metrics if metric.name == name for p in metric.data.data_points]
    counts: Counter[str] = Counter()
    for point in points:
        if point.attributes["feature"] == feature and segment in ("", point.attributes.get("segment")):
            counts[point.attributes["bin"]] += int(point.value)
    return counts


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("drift") / "data"
    generate(folder)
    return World(*split(load(folder)))


@pytest.fixture
def watched(world: World) -> Watched:
    return Watched(world)


@pytest.mark.parametrize("seed", range(3))
def test_the_habits_of_the_traffic_are_not_drift(watched: Watched, world: World, seed: int) -> None:
    watched.ask(world.visitors(seed))
    for feature in ("factor_norm", "seen_count", "top_score", "segment_mix"):
        assert watched.drift(feature) < SMALL, feature
    for feature in ("factor_norm", "seen_count"):
        for segment in SEGMENTS:
            assert watched.drift(feature, segment) < SMALL, (feature, segment)


def test_another_mix_of_users_is_drift_of_all_but_not_within_a_segment(
    watched: Watched, world: World
) -> None:
    watched.ask(user for user in world.visitors() if world.model.segment_of(user) == "heavy")
    for feature in ("segment_mix", "seen_count", "factor_norm"):
        assert watched.drift(feature) > LARGE, feature
    assert watched.drift("seen_count", "heavy") < SMALL


def test_shrunken_features_are_drift_of_factors_and_scores_only(watched: Watched, world: World) -> None:
    watched.ask(world.visitors(), scale=0.5)
    assert min(watched.drift("factor_norm"), watched.drift("top_score")) > LARGE
    assert max(watched.drift("seen_count"), watched.drift("segment_mix")) < SMALL
