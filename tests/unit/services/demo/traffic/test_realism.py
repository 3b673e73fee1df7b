"""With real ALS lists, losing personalisation more than halves the hit rate, on both data sets."""

import os
from pathlib import Path

import numpy as np
import pytest

from services.demo.dataset import generate, load, split
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits, react
from services.demo.trainer.model import train
from services.demo.trainer.parameters import TRAINED, Parameters

VISITS = 6000
REPOSITORY = Path(__file__).parents[5]
MOVIELENS = Path(os.environ.get("WHENCE_MOVIELENS", REPOSITORY.parent / "shared/data/ml-latest-small"))


def simulate(folder: Path, parameters: Parameters) -> tuple[float, float]:
    """Hit rates with personalised lists and with the popular list, over the same visits."""
    ratings, held_out = split(load(folder))
    model = train(ratings, parameters)
    lists = dict(zip(model.arrays.user_ids.tolist(), model.recommend(10).tolist(), strict=True))
    popular = model.arrays.popular[:10].tolist()
    habits = Habits()
    crowd = Crowd(ratings, held_out, habits)
    rng = np.random.default_rng(5)
    hits = np.zeros(2)
    for visit in range(VISITS):
        user = crowd.choose(visit / 20, rng)
        for column, items in enumerate((lists.get(user, popular), popular)):
            hits[column] += bool(react(items, crowd.truth_of(user), habits, rng))
    personalised, plain = (hits / VISITS).tolist()
    return personalised, plain


@pytest.fixture(scope="module", params=["generated", "movielens"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "generated":
        folder = tmp_path_factory.mktemp("realism") / "generated"
        generate(folder)
        return folder
    if not (MOVIELENS / "ratings.csv").exists():
        pytest.skip(f"no MovieLens folder at {MOVIELENS}; set WHENCE_MOVIELENS")
    return MOVIELENS


@pytest.mark.parametrize("parameters", TRAINED, ids=lambda parameters: f"als{parameters.factors}")
def test_losing_personalisation_more_than_halves_the_hit_rate(folder: Path, parameters: Parameters) -> None:
    personalised, popular = simulate(folder, parameters)
    assert 0.5 <= personalised <= 0.75
    assert popular < 0.5 * personalised
