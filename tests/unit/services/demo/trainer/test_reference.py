"""The training reference: what it says of a data set, and what it assumes of the visits to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from whence_monitor import Reference as Profile
from whence_monitor.reference import Number

from services.demo.dataset import generate, load, split
from services.demo.storage.reference import Distribution, Reference
from services.demo.traffic.habits import Habits
from services.demo.trainer import model as assumed
from services.demo.trainer import reference
from services.demo.trainer.model import TrainedModel, train
from services.demo.trainer.parameters import Parameters
from services.demo.trainer.reference import describe, make_profile, make_reference


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    folder = tmp_path_factory.mktemp("reference") / "data"
    generate(folder)
    ratings, _ = split(load(folder))
    return train(ratings, Parameters(factors=8, iterations=3))


@pytest.fixture(scope="module")
def made(trained: TrainedModel) -> Reference:
    return make_reference("als8-aaaaaa", trained)


def test_it_survives_storage(made: Reference) -> None:
    assert Reference.model_validate_json(made.model_dump_json()) == made
    assert made.version == "als8-aaaaaa"


def test_users_count_by_their_expected_visits(made: Reference, trained: TrainedModel) -> None:
    counts = np.asarray(trained.seen.sum(axis=1)).ravel()
    weights = np.sqrt(counts)
    heavy = trained.arrays.user_segments == 2
    expected = 0.99 * weights[heavy].sum() / weights.sum()
    assert made.segments["heavy"] == pytest.approx(expected)
    assert made.segments["heavy"] > np.mean(heavy), "heavy users come more often than they are many"
    assert sum(made.segments.values()) == pytest.approx(1.0)
    assert list(made.segments) == ["light", "regular", "heavy", "unknown"]


def test_its_assumptions_are_the_habits_of_the_simulated_users() -> None:
    assert assumed.VISITS_EXPONENT == Habits().activity_exponent
    assert assumed.UNKNOWN_SHARE == Habits().unknown_user


def test_features_are_described_for_all_and_by_segment(made: Reference) -> None:
    for feature in ("factor_norm", "seen_count"):
        assert set(made.features[feature]) == {"all", "light", "regular", "heavy"}
    assert made.features["seen_count"]["heavy"].sample[0] >= 120
    assert made.features["seen_count"]["light"].sample[-1] < 40


def test_top_scores_are_those_of_the_first_items_unseen(made: Reference, trained: TrainedModel) -> None:
    scores = trained.user_factors @ trained.arrays.item_factors.T
    scores[trained.seen.nonzero()] = -np.inf
    weights = np.sqrt(np.diff(trained.seen.indptr))
    top = scores.max(axis=1)
    below = weights[top <= made.top_score.sample[100] + 1e-5].sum() / weights.sum()
    assert below == pytest.approx(0.5, abs=0.01)
    assert made.top_score.sample[-1] == pytest.approx(top.max(), rel=0.1)


def test_the_profile_is_of_the_same_visits(made: Reference, trained: TrainedModel) -> None:
    found = make_profile("d", trained)
    assert Profile.from_json(found.to_json()) == found
    assert found.rows == reference.VISITS and found.dataset_id == "d"
    for name, edges in (
        ("factor_norm", made.features["factor_norm"]["all"].edges),
        ("seen_count", made.features["seen_count"]["all"].edges),
        ("top_score", made.top_score.edges),
    ):
        feature = found.features[name]
        assert isinstance(feature, Number)
        assert feature.edges == pytest.approx(edges, rel=0.02)
    assert found.items == tuple(map(str, made.popularity))


def test_popularity_ranks_the_whole_catalogue_by_ratings(made: Reference, trained: TrainedModel) -> None:
    assert sorted(made.popularity) == trained.arrays.item_ids.tolist()
    assert list(made.popularity[: len(trained.arrays.popular)]) == trained.arrays.popular.tolist()


@given(arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e3, 1e3)))
def test_a_description_of_anything_is_valid(values: np.ndarray) -> None:
    found = describe(values, np.ones(len(values)))
    assert sum(found.shares) == pytest.approx(1.0)
    assert len(found.sample) == reference.SAMPLE
    assert min(values) <= found.sample[0] and found.sample[-1] <= max(values)


def test_deciles_hold_a_tenth_each_by_weight() -> None:
    values, weights = np.arange(2000.0), np.repeat([1.0, 3.0], 1000)
    found = describe(values, weights)
    assert found.shares == pytest.approx([0.1] * 10, abs=2e-3)
    assert found.edges[4] == pytest.approx(1333, abs=2), "half the weight lies above two thirds of the values"


@pytest.mark.parametrize(
    "changes",
    [
        {"edges": (2.0, 1.0)},
        {"shares": (0.5, 0.5)},
        {"shares": (0.5, 0.5, 0.0)},
        {"sample": ()},
        {"sample": (3.0, 1.0)},
        {"edges": (1.0, float("inf"))},
    ],
)
def test_a_distribution_that_cannot_be_is_refused(changes: dict[str, tuple[float, ...]]) -> None:
    good = {"edges": (1.0, 2.0), "shares": (0.2, 0.3, 0.5), "sample": (1.0, 1.0, 2.5)}
    Distribution.model_validate(good)
    with pytest.raises(ValidationError):
        Distribution.model_validate(good | changes)
