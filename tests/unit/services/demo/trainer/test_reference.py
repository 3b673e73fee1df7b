"""The training reference: what it says of a data set, and what it assumes of the visits to come."""

import numpy as np
import pytest
from whence_monitor import Reference
from whence_monitor.reference import Feature, Number

from services.demo.dataset import generate, load, split
from services.demo.traffic.habits import Habits
from services.demo.trainer import model as assumed
from services.demo.trainer import reference
from services.demo.trainer.model import TrainedModel, train
from services.demo.trainer.parameters import Parameters
from services.demo.trainer.reference import make_reference

SEGMENTS = ("light", "regular", "heavy")


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
