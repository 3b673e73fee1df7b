"""The training reference: what it says of a data set, and what it assumes of the visits to come."""

import json
from hashlib import blake2b

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from whence_monitor import Reference
from whence_monitor.reference import Feature, Number

from services.demo.dataset import generate, load, split
from services.demo.storage.artefacts import ModelArrays
from services.demo.storage.offline import OfflineFeatures
from services.demo.traffic.habits import Habits
from services.demo.trainer import model as assumed
from services.demo.trainer import reference
from services.demo.trainer.model import TrainedModel, restore, train
from services.demo.trainer.parameters import Parameters
from services.demo.trainer.reference import make_reference
from services.demo.trainer.renewal import REFERENCE_PROFILE

SEGMENTS = ("light", "regular", "heavy")
MADE_OF_SMALL = {"whence-monitor/1 recommender/1": "2b7c1ea926c35ddb"}
"""REFERENCE_PROFILE, and what it makes of the small model: where that is another reference now, raise it and
write both here."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    folder = tmp_path_factory.mktemp("reference") / "data"
    generate(folder)
    ratings, _ = split(load(folder))
    return train(ratings, Parameters(factors=8, iterations=3))


@pytest.fixture(scope="module")
def made(trained: TrainedModel) -> Reference:
    return make_reference("d", trained)


def number(feature: Feature) -> Number:
    assert isinstance(feature, Number)
    return feature


def test_it_survives_storage(made: Reference) -> None:
    assert Reference.from_json(made.to_json()) == made
    assert made.rows == reference.VISITS and made.dataset_id == "d"


def test_users_count_by_their_expected_visits(made: Reference, trained: TrainedModel) -> None:
    weights = np.sqrt(np.diff(trained.seen.indptr))
    heavy = trained.arrays.user_segments == 2
    share = made.features["segment_mix"].counts["heavy"] / made.rows
    assert share == pytest.approx(weights[heavy].sum() / weights.sum(), abs=1e-3)
    assert share > np.mean(heavy), "heavy users come more often than they are many"


def test_its_assumption_is_the_habit_of_the_simulated_users() -> None:
    assert assumed.VISITS_EXPONENT == Habits().activity_exponent


def test_features_of_users_are_described_by_segment(made: Reference) -> None:
    mix = made.features["segment_mix"].counts
    for name in ("factor_norm", "seen_count"):
        by_segment = made.features[name].by_segment
        assert {s: sum(by_segment[s].values()) for s in SEGMENTS} == {s: mix[s] for s in SEGMENTS}
    seen = number(made.features["seen_count"])
    light = len(np.flatnonzero(np.array(seen.edges) < 40))
    assert set(seen.by_segment["light"]) <= set(seen.names[: light + 2])


def test_top_scores_are_those_of_the_first_items_unseen(made: Reference, trained: TrainedModel) -> None:
    scores = trained.user_factors @ trained.arrays.item_factors.T
    scores[trained.seen.nonzero()] = -np.inf
    weights = np.sqrt(np.diff(trained.seen.indptr))
    top, found = scores.max(axis=1), number(made.features["top_score"])
    below = weights[top < found.edges[4]].sum() / weights.sum()
    assert below == pytest.approx(0.5, abs=0.01)
    assert found.maximum == pytest.approx(top.max(), rel=0.1)


def test_its_items_are_the_whole_catalogue_by_popularity(made: Reference, trained: TrainedModel) -> None:
    items = [int(item) for item in made.items]
    assert sorted(items) == trained.arrays.item_ids.tolist()
    assert items[: len(trained.arrays.popular)] == trained.arrays.popular.tolist()


def make_small() -> TrainedModel:
    """Its factors are whole numbers, so that their products are the same on every machine."""
    users, items = np.arange(1, 31, dtype=np.int32), np.arange(1, 21, dtype=np.int32)
    segments = (users % 3).astype(np.uint8)
    of_items = np.stack([items % 5, items % 7], axis=1).astype(np.float32)
    of_users = np.stack([users % 4 + 1, users % 6], axis=1).astype(np.float32)
    seen = [items[: 1 + user % 9] for user in users]
    indptr = np.cumsum([0, *map(len, seen)])
    arrays = ModelArrays(items, of_items, items, users, segments)
    with threadpool_limits(1, "blas"):
        return restore(arrays, OfflineFeatures(users, segments, of_users, indptr, np.concatenate(seen)))


def test_the_profile_is_raised_when_the_same_model_gives_another_reference() -> None:
    made = json.loads(
        make_reference("d", make_small()).to_json(), parse_float=lambda text: round(float(text), 4)
    )
    del made["created_at"], made["together"]
    digest = blake2b(json.dumps(made, sort_keys=True).encode(), digest_size=8).hexdigest()
    assert {REFERENCE_PROFILE: digest} == MADE_OF_SMALL
