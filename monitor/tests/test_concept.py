"""A relation that changes is seen soon, and one that stays is not, on streams whose change is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from whence_monitor import instruments as i
from whence_monitor.truth.concept import FEWEST, ConceptDrift

from monitor.tests.worker import Worker

RNG = np.random.default_rng(11)
Draw = Callable[[float, int], Any]
ERRORS: dict[str, Draw] = {
    "misses": lambda level, n: RNG.uniform(size=n) < 0.1 * level,
    "seldom misses": lambda level, n: RNG.uniform(size=n) < 0.01 * level**2,
    "distances": lambda level, n: RNG.exponential(level, n),
    "distances in a large unit": lambda level, n: 1e9 * RNG.exponential(level, n),
    "ranks": lambda level, n: 1 - 1 / RNG.geometric(1 / (1 + level), n),
}


@pytest.mark.parametrize("draw", ERRORS.values(), ids=ERRORS)
def test_errors_that_stay_as_they_are_or_become_smaller_are_no_drift(draw: Draw) -> None:
    drift = ConceptDrift({})
    for level in (1, 0.5):
        for _ in range(500):
            drift.add(draw(level, 200))
            assert drift.families[0].values[0] < 1


@pytest.mark.parametrize("draw", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("before", [1_000, 30_000])
def test_errors_that_become_larger_are_drift_until_they_are_usual(draw: Draw, before: int) -> None:
    drift = ConceptDrift({})
    level = drift.families[0].values
    drift.add(draw(1, before))
    assert level[0] < 1
    drift.add(draw(4, 1_000))
    assert level[0] >= 1
    drift.add(draw(4, 60_000))
    assert level[0] < 1


def test_a_model_without_errors_that_makes_some_drifts() -> None:
    drift = ConceptDrift({})
    drift.add([0.0] * FEWEST)
    drift.add([0.0, 1.0] * 100)
    assert drift.families[0].values[0] >= 1


def stagger(size: Any, colour: Any, concept: int) -> Any:
    """Truths of Schlimmer and Granger's concepts, "Incremental learning from noisy data", 1986."""
    return (size == 0) & (colour == 0) if concept == 0 else size > 0


@pytest.mark.parametrize(("concept", "drifts"), [(0, False), (1, True)])
def test_a_classifier_of_a_concept_that_changes_drifts_and_is_told(concept: int, drifts: bool) -> None:
    worker = Worker()
    for number, of in enumerate([0] * 5 + [concept] * 2):
        size, colour = RNG.integers(0, 3, (2, 200))
        predicted = np.clip(stagger(size, colour, 0) + RNG.normal(0, 0.1, 200), 0, 1)
        noise = RNG.uniform(size=200) < 0.05
        for prediction, truth in zip(predicted, stagger(size, colour, of) ^ noise, strict=True):
            worker.monitor.judge(float(prediction), bool(truth))
        seen = worker.sum(i.CONCEPT_DRIFT) >= 1
        assert seen == (drifts and number >= 5)


@pytest.mark.parametrize(
    ("task", "good", "bad"),
    [
        ("multiclass", ("a", "a"), ("a", "b")),
        ("regression", (1.0, 1.1), (1.0, 3.0)),
        ("ranking", (["a"], ["a"]), (["a"], ["b"])),
    ],
)
def test_each_task_has_errors(task: str, good: Any, bad: Any) -> None:
    worker = Worker(task=task, classes=("a", "b"))
    for pair in [good] * 600 + [bad] * 30:
        worker.monitor.judge(*pair)
    assert worker.sum(i.CONCEPT_DRIFT) >= 1
