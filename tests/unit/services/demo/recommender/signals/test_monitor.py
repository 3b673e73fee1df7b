"""What is exported at peace, when the world changes, and when there is too little to say anything."""

from collections.abc import Iterator

import numpy as np
import pytest

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.feature_store import Features
from services.demo.recommender.model import Model
from services.demo.recommender.signals.distances import measure_kolmogorov_smirnov
from services.demo.recommender.signals.version import COVERAGE_WINDOW, WINDOW
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits
from tests.unit.services.demo.recommender.signals.watch import Watch, World, make_answer, make_model

DRIFT = ("feature.drift", "prediction.drift")
SAMPLES = "drift.samples"


def visitors(world: World, seed: int = 0, rate: float = 20.0) -> Iterator[int]:
    """The users who come at `rate` per second, as the traffic service chooses them."""
    crowd, rng, now = Crowd(world.ratings, world.held_out, Habits()), np.random.default_rng(seed), 0.0
    while True:
        now += 1 / rate
        yield crowd.choose(now, rng)


def see(watch: Watch, world: World, users: Iterator[int], requests: int, model: Model | None = None) -> None:
    for _ in range(requests):
        watch.signals.observe(model or world.model, *world.answer(next(users)))


def visit_for(watch: Watch, world: World, users: Iterator[int], rounds: int, requests: int = 200) -> None:
    """`rounds` of ten seconds each."""
    for _ in range(rounds):
        see(watch, world, users, requests)
        watch.publish()


@pytest.mark.parametrize("seed", range(3))
def test_the_habits_of_the_traffic_are_not_drift(watch: Watch, world: World, seed: int) -> None:
    users = visitors(world, seed)
    for _ in range(15):
        visit_for(watch, world, users, rounds=1)
        drift = {**watch.read("feature.drift"), **watch.read("prediction.drift")}
        stability = {key: value for key, value in drift.items() if ("statistic", "psi") in key}
        assert max(stability.values()) < 0.1, stability
    assert {dict(key)["feature"] for key in watch.read("feature.drift")} == {
        "factor_norm",
        "seen_count",
        "segment_mix",
    }
    assert len(watch.read("feature.drift")) == 3 * (4 + 4 + 1) and len(watch.read("prediction.drift")) == 3
    assert watch.violations.kinds == {"unknown_item": 0}


def test_another_mix_of_users_is_drift_of_the_mix_but_not_within_a_segment(
    watch: Watch, world: World
) -> None:
    heavy = (user for user in visitors(world) if world.model.segment_of(user) == "heavy")
    visit_for(watch, world, heavy, rounds=5)
    for feature in ("segment_mix", "seen_count", "factor_norm"):
        assert (watch.value("feature.drift", feature=feature, segment="all", statistic="psi") or 0) > 0.25
        assert (watch.value("feature.drift", feature=feature, segment="all", statistic="ks") or 0) > 0.25
        assert (watch.value("feature.drift", feature=feature, segment="all", statistic="js") or 0) > 0.25
    assert (watch.value("feature.drift", feature="seen_count", segment="heavy", statistic="psi") or 1) < 0.1


def test_shrunken_features_are_drift_of_factors_and_scores_and_not_of_the_mix(
    watch: Watch, world: World
) -> None:
    users = visitors(world)
    for _ in range(1000):
        answer, features = world.answer(next(users))
        if features is not None:
            features = Features(features.factors * np.float32(0.5), features.seen, 0.0)
            answer = make_answer(1, answer.labels, [(item, 0.5 * score) for item, score in answer.items])
        watch.signals.observe(world.model, answer, features)
    watch.publish()
    assert (watch.value("feature.drift", feature="factor_norm", segment="all", statistic="psi") or 0) > 0.25
    assert (watch.value("prediction.drift", statistic="psi") or 0) > 0.25
    assert (watch.value("feature.drift", feature="seen_count", segment="all", statistic="psi") or 1) < 0.1
    assert (watch.value("feature.drift", feature="segment_mix", segment="all", statistic="psi") or 1) < 0.1


def test_strangers_are_drift_of_the_mix(watch: Watch, world: World) -> None:
    users = visitors(world)
    visit_for(watch, world, (user if n % 3 else 10**7 for n, user in enumerate(users)), rounds=3)
    assert (watch.value("feature.drift", feature="segment_mix", segment="all", statistic="psi") or 0) > 0.25


def test_what_is_exported_is_the_statistic_of_the_values_seen(watch: Watch, world: World) -> None:
    users = visitors(world)
    shown = [world.answer(next(users)) for _ in range(300)]
    for answer, features in shown:
        watch.signals.observe(world.model, answer, features)
    watch.publish()
    assert world.model.reference is not None
    sample = np.array(world.model.reference.features["seen_count"]["all"].sample)
    counts = np.array([float(len(features.seen)) for _, features in shown if features])
    found = watch.value("feature.drift", feature="seen_count", segment="all", statistic="ks")
    assert found == pytest.approx(measure_kolmogorov_smirnov(sample, counts), abs=1e-9)


def test_below_two_hundred_samples_there_is_no_drift_series(watch: Watch, world: World) -> None:
    known = (user for user in visitors(world) if world.model.segment_of(user))
    see(watch, world, known, 199)
    watch.publish()
    assert not [name for name in DRIFT if watch.read(name)]
    assert watch.value(SAMPLES, feature="seen_count", segment="all") == 199
    see(watch, world, known, 1)
    watch.publish()
    assert watch.value("feature.drift", feature="seen_count", segment="all", statistic="psi") is not None
    assert watch.value("feature.drift", feature="seen_count", segment="light", statistic="psi") is None
    assert len(watch.read("prediction.drift")) == 3
    assert watch.value(SAMPLES, feature="top_score", segment="all") == 200


def test_drift_is_no_longer_exported_when_its_samples_have_left_the_window(
    watch: Watch, world: World
) -> None:
    visit_for(watch, world, visitors(world), rounds=2)
    assert watch.read("feature.drift")
    watch.publish(after=WINDOW)
    assert not [name for name in (*DRIFT, "coverage", "popularity", "diversity") if watch.read(name)]
    assert watch.value(SAMPLES, feature="segment_mix", segment="all") == 0


def test_without_a_reference_there_is_no_drift_but_all_that_needs_none(watch: Watch, world: World) -> None:
    model = make_model(world.trained, None)
    see(watch, world, visitors(world), 300, model)
    watch.publish()
    assert not [name for name in (*DRIFT, "popularity") if watch.read(name)]
    assert watch.value("coverage") and watch.value("diversity")
    assert watch.value(SAMPLES, feature="segment_mix", segment="all") == 300


def test_coverage_is_the_share_of_the_catalogue_shown_in_five_minutes(watch: Watch, world: World) -> None:
    items = world.model.arrays.item_ids.tolist()
    labels = Labels(Source.POPULAR, "v1", "light")
    watch.signals.observe(world.model, make_answer(1, labels, [(item, 1.0) for item in items[:100]]), None)
    watch.publish()
    for _ in range(int(COVERAGE_WINDOW / 10) - 1):
        watch.signals.observe(
            world.model, make_answer(1, labels, [(item, 1.0) for item in items[50:120]]), None
        )
        watch.publish()
    assert watch.value("coverage", model_version="v1") == pytest.approx(120 / len(items))
    watch.signals.observe(world.model, make_answer(1, labels, [(items[60], 1.0)]), None)
    watch.publish()
    assert watch.value("coverage", model_version="v1") == pytest.approx(70 / len(items))


def test_coverage_includes_what_other_workers_have_shown(world: World) -> None:
    items = world.model.arrays.item_ids
    watch = Watch(lambda version, since: items[50:120].astype(np.int64))
    answer = make_answer(
        1, Labels(Source.POPULAR, "v1", "light"), [(item, 1.0) for item in items[:100].tolist()]
    )
    watch.signals.observe(world.model, answer, None)
    watch.publish()
    assert watch.value("coverage", model_version="v1") == pytest.approx(120 / len(items))


def test_popularity_is_by_source_and_falls_when_items_change_their_names(watch: Watch, world: World) -> None:
    users = visitors(world)
    see(watch, world, users, 300)
    watch.publish()
    personalised = watch.value("popularity", source="personalised") or 0
    assert 0.7 < personalised < (watch.value("popularity", source="popular") or 0) <= 1.0
    items = world.model.arrays.item_ids
    other = dict(zip(items.tolist(), np.random.default_rng(1).permutation(items).tolist(), strict=True))
    watch.publish(after=WINDOW)
    for _ in range(300):
        answer, features = world.answer(next(users))
        renamed = [(other[item], score) for item, score in answer.items]
        watch.signals.observe(world.model, make_answer(1, answer.labels, renamed), features)
    watch.publish()
    assert (watch.value("popularity", source="personalised") or 1) < personalised - 0.2


def test_two_versions_are_told_apart_and_leave_when_they_no_longer_answer(watch: Watch, world: World) -> None:
    users = visitors(world)
    other = make_model(world.trained, None, "v2")
    for _ in range(300):
        answer, features = world.answer(next(users))
        labels = Labels(answer.labels.source, "v2", answer.labels.segment)
        watch.signals.observe(other, make_answer(1, labels, answer.items), features)
    see(watch, world, users, 400)
    watch.publish()
    assert watch.value(SAMPLES, feature="segment_mix", segment="all") == 400
    assert watch.value("diversity", model_version="v1") and watch.value("diversity", model_version="v2")
    assert {dict(key)["model.version"] for key in watch.read("prediction.drift")} == {"v1"}
    for _ in range(40):
        see(watch, world, users, 1)
        watch.publish()
    assert watch.value("coverage", model_version="v1") and watch.value("coverage", model_version="v2") is None


def test_drift_that_one_of_two_versions_sees_is_exported(watch: Watch, world: World) -> None:
    reference = world.model.reference
    assert reference is not None
    untrained = reference.model_copy(update={"segments": {"light": 1.0, "regular": 0.001, "heavy": 0.001}})
    other, users = make_model(world.trained, untrained, "v2"), visitors(world)
    for _ in range(3):
        see(watch, world, users, 200)
        watch.publish()
    assert (watch.value("feature.drift", feature="segment_mix", statistic="psi") or 1) < 0.1
    for _ in range(250):
        answer, features = world.answer(next(users))
        labels = Labels(answer.labels.source, "v2", answer.labels.segment)
        watch.signals.observe(other, make_answer(1, labels, answer.items), features)
    watch.publish()
    assert (watch.value("feature.drift", feature="segment_mix", statistic="psi") or 0) > 0.25
    assert (watch.value("feature.drift", feature="seen_count", segment="all", statistic="psi") or 1) < 0.1


def test_a_version_published_anew_starts_afresh(watch: Watch, world: World) -> None:
    see(watch, world, visitors(world), 300)
    watch.publish()
    see(watch, world, visitors(world), 50, make_model(world.trained, world.model.reference))
    watch.publish()
    assert watch.value(SAMPLES, feature="segment_mix", segment="all") == 50
    assert not watch.read("feature.drift")


def test_lists_without_or_with_a_single_item_do_no_harm(watch: Watch, world: World) -> None:
    labels = Labels(Source.POPULAR, "v1", "unknown")
    watch.signals.observe(world.model, make_answer(1, labels, []), None)
    watch.publish()
    assert not watch.read("coverage")
    item = int(world.model.arrays.item_ids[0])
    watch.signals.observe(world.model, make_answer(1, labels, [(item, 1.0)]), None)
    watch.publish()
    assert watch.value("coverage") and watch.value("diversity") is None
