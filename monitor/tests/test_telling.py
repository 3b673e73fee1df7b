"""Features that alone tell the truth are found in the reference and followed in production."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from whence_monitor import Reference, make_reference
from whence_monitor import instruments as i
from whence_monitor.formulas.association import association

from monitor.tests.worker import Worker

tables = arrays(np.int64, st.tuples(st.just(2), st.integers(2, 12)), elements=st.integers(0, 500))


@given(tables)
def test_association_is_that_of_cramer_without_what_chance_gives(table: np.ndarray[Any, Any]) -> None:
    table = table[:, table.sum(axis=0) > 0]
    assume(table.shape[1] > 1 and table.sum(axis=1).all() and table.sum() > 2)
    n, bins = table.sum(), table.shape[1]
    plain = stats.contingency.association(table, method="cramer", correction=False)
    expected = np.sqrt(max(0.0, plain**2 - (bins - 1) / (n - 1)) / (1 - 1 / (n - 1)))
    assert association(*table) == pytest.approx(expected, abs=1e-9)


def test_it_is_0_for_what_tells_nothing_and_1_for_what_tells_all() -> None:
    rng = np.random.default_rng(41)
    chance = [association(*rng.multinomial(100, np.full(10, 0.1), 2)) for _ in range(2_000)]
    assert np.mean(np.square(chance)) < 0.03
    assert association(np.array([500, 0, 0]), np.array([0, 300, 200])) == pytest.approx(1, abs=1e-3)
    assert association(np.array([5, 5]), np.array([0, 0])) == 0


def drawn(n: int, seed: int, leaks: bool) -> dict[str, Any]:
    """A feature that leaks the truth, one that tells a little, and ten that tell nothing."""
    rng = np.random.default_rng(seed)
    amount = rng.normal(size=n)
    truth = (rng.uniform(size=n) < 1 / (1 + np.exp(-amount))).astype(int)
    refund = np.where(truth == 1, "yes", "no") if leaks else rng.choice(["yes", "no"], n)
    noise = {f"noise_{k}": rng.normal(size=n) for k in range(10)}
    return {
        **noise,
        "amount": amount,
        "refund": refund.tolist(),
        "score": rng.uniform(size=n),
        "truth": truth,
    }


def profile(columns: dict[str, Any], task: str = "binary") -> Reference:
    return make_reference(columns, prediction="score", truth="truth", task=task)


def test_the_most_telling_features_are_in_the_reference() -> None:
    reference = Reference.from_json(profile(drawn(4_000, 42, leaks=True)).to_json())
    assert list(reference.truths)[:2] == ["refund", "amount"]
    assert len(reference.truths) == 5
    assert {name: min(pair) for name, pair in reference.truths["refund"].items()} == {"no": 0, "yes": 0}
    assert profile(drawn(400, 42, leaks=True), "regression").truths == {}


def found(worker: Worker, instrument: i.Instrument, feature: str) -> float:
    values = {
        (of["bin"], of["came_true"]): value
        for of, value in worker.points(instrument)
        if of["feature"] == feature
    }
    bins = sorted({bin_name for bin_name, _ in values})
    no, yes = (np.array([values.get((bin_name, answer), 0) for bin_name in bins]) for answer in (i.NO, i.YES))
    return association(no, yes)


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_feature_that_leaked_tells_nothing_in_production(is_batch: bool) -> None:
    worker = Worker(reference=profile(drawn(4_000, 42, leaks=True)))
    columns = drawn(1_500, 43, leaks=False)
    score, truth = columns.pop("score"), columns.pop("truth")
    if is_batch:
        worker.monitor.observe_many(columns, score, list(range(1_500)))
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        if not is_batch:
            worker.monitor.observe(dict(zip(columns, values, strict=True)), score[place], place)
        worker.monitor.label(place, int(truth[place]))
    assert found(worker, i.REFERENCE_TRUTHS, "refund") == pytest.approx(1, abs=1e-3)
    assert found(worker, i.FEATURE_TRUTHS, "refund") < 0.1
    assert found(worker, i.FEATURE_TRUTHS, "amount") == pytest.approx(
        found(worker, i.REFERENCE_TRUTHS, "amount"), abs=0.1
    )
    assert (
        sum(value for given, value in worker.points(i.FEATURE_TRUTHS) if given["feature"] == "amount")
        == 1_500
    )


def test_predictions_that_are_judged_without_features_are_left_out() -> None:
    worker = Worker(reference=profile(drawn(400, 42, leaks=True)))
    worker.monitor.judge(0.5, 1)
    assert worker.sum(i.FEATURE_TRUTHS) == 0
    assert worker.sum(i.LABELS) == 1
    assert worker.problems() == {}


def test_a_reference_of_a_classifier_is_harmless_for_another_task() -> None:
    worker = Worker(task="regression", reference=profile(drawn(400, 42, leaks=True)))
    worker.monitor.observe({"refund": "yes"}, 7.0, 1)
    worker.monitor.label(1, 5.0)
    assert worker.points(i.FEATURE_TRUTHS) == []
    assert worker.problems() == {}
