"""Items that the model does not have are counted, whatever the load."""

import numpy as np
import pytest

from services.demo.recommender.feature_store import Features
from services.demo.recommender.signals.monitor import PENDING
from tests.unit.services.demo.recommender.signals.watch import Watch, World


def test_features_that_name_items_the_model_does_not_have_break_the_schema(
    watch: Watch, world: World
) -> None:
    user = int(world.model.arrays.user_ids[0])
    answer, features = world.answer(user)
    assert features is not None
    for strange in ([], [10**6], [10**6, 10**6 + 1]):
        seen = np.append(features.seen, strange).astype(np.int32)
        watch.signals.observe(world.model, answer, Features(features.factors, seen, 0.0))
    watch.publish()
    assert watch.violations.kinds == {"unknown_item": 2}


def test_violations_of_answers_that_found_no_room_are_counted_by_those_that_did(
    watch: Watch, world: World
) -> None:
    answer, features = world.answer(int(world.model.arrays.user_ids[0]))
    assert features is not None
    strange = Features(features.factors, np.append(features.seen, 2**30).astype(np.int32), 0.0)
    for number in range(3 * PENDING):
        watch.signals.observe(world.model, answer, strange if number % 2 else features)
    watch.publish()
    assert watch.violations.kinds["unknown_item"] == pytest.approx(1.5 * PENDING, rel=0.01)
