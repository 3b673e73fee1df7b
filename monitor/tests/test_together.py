"""Inputs that no longer belong together are seen, though each of them alone is as ever."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from whence_monitor import INPUTS, InvalidReference, Reference, make_reference
from whence_monitor import instruments as i
from whence_monitor.formulas.drift import occupied, population_stability
from whence_monitor.formulas.significance import stability_limit
from whence_monitor.reference import MOST_COMPONENTS, MOST_TOGETHER, Number, Together
from whence_monitor.together import Reconstruction, score_bins

from monitor.tests.worker import Worker

Array = NDArray[Any]
LARGE = 0.25


def draw(rows: int, seed: int, correlation: float = 0.7, width: int = 6) -> dict[str, Array]:
    """Numbers of which each two have this correlation but for the sign, and a category."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 1)) * np.sqrt(abs(correlation))
    values = shared + rng.normal(size=(rows, width)) * np.sqrt(1 - abs(correlation))
    values[:, ::2] *= np.sign(correlation) or 1.0
    columns: dict[str, Array] = {f"x{place}": np.exp(values[:, place]) for place in range(width)}
    return {**columns, "kind": rng.choice(["a", "b"], rows)}


def stability(worker: Worker, feature: str, reference: Reference) -> tuple[float, float]:
    """How far a feature is from the reference, and the limit of large drift."""
    known = reference.features[feature]
    now = np.array([worker.sum(i.FEATURE_VALUES, feature=feature, bin=name) for name in known.names])
    then = np.array([known.counts.get(name, 0) for name in known.names])
    limit = stability_limit(LARGE, occupied(then, now), now.sum(), then.sum())
    return population_stability(then, now), limit


def watch(reference: Reference, columns: dict[str, Array]) -> Worker:
    worker = Worker(reference=reference, task="regression")
    worker.monitor.observe_many(columns, [1.0] * len(columns["kind"]))
    assert worker.problems() == {}
    return worker


@pytest.mark.parametrize("width", [2, 6, 30])
@pytest.mark.parametrize("rows", [300, 3_000])
def test_correlations_that_turn_are_seen_and_no_feature_alone_has_moved(width: int, rows: int) -> None:
    reference = make_reference(draw(5_000, 1, width=width))
    worker = watch(reference, draw(rows, 2, correlation=-0.7, width=width))
    moved = {
        name: found > limit
        for name in reference.features
        for found, limit in [stability(worker, name, reference)]
    }
    assert [name for name in moved if moved[name]] == [INPUTS]


@pytest.mark.parametrize("width", [2, 6, 30])
@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("learned", [1_000, 5_000])
def test_nothing_is_seen_where_nothing_changed(width: int, correlation: float, learned: int) -> None:
    reference = make_reference(draw(learned, 1, correlation, width))
    worker = watch(reference, draw(3_000, 2, correlation, width))
    found, limit = stability(worker, INPUTS, reference)
    assert found < limit / 2


def test_the_error_is_that_of_principal_components_of_scores() -> None:
    columns = draw(5_000, 1, width=8)
    reference = make_reference(columns)
    together = reference.together
    numbers = [reference.features[name] for name in together.features]
    scores = score_bins([number for number in numbers if isinstance(number, Number)])
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 15, (400, len(numbers)))
    table = scores[np.arange(len(numbers)), codes]
    inner = [
        np.digitize(columns[name], number.edges) + 1
        for name, number in zip(together.features, numbers, strict=True)
        if isinstance(number, Number)
    ]
    fitted = PCA(len(together.components)).fit(scores[np.arange(len(numbers)), np.array(inner).T])
    expected = np.mean((table - fitted.inverse_transform(fitted.transform(table))) ** 2, axis=1)
    errors = Reconstruction(together, reference.features).errors(codes)
    assert errors == pytest.approx(expected, abs=1e-3)


def test_rows_count_like_columns() -> None:
    reference, columns = make_reference(draw(5_000, 1)), draw(1_000, 2)
    by_column, by_row = watch(reference, columns), Worker(reference=reference, task="regression")
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
        by_row.monitor.observe(dict(zip(columns, row, strict=True)), 1.0)
    bins = [
        {a["bin"]: value for a, value in worker.points(i.FEATURE_VALUES) if a["feature"] == INPUTS}
        for worker in (by_row, by_column)
    ]
    assert bins[0] == bins[1] and sum(bins[0].values()) == 1_000


def test_what_cannot_be_used_is_as_good_as_the_mean() -> None:
    reference = make_reference(draw(5_000, 1))
    worker = Worker(reference=reference, task="regression")
    for value in (None, "text", float("inf"), float("nan"), [1]):
        worker.monitor.observe({f"x{place}": value for place in range(6)} | {"kind": "a"}, 1.0)
    assert worker.sum(i.FEATURE_VALUES, feature=INPUTS) == 5
    assert worker.sum(i.FEATURE_VALUES, feature=INPUTS, bin="01") == 5, "the error is 0"
    assert "internal_error" not in worker.problems()


def test_a_reference_is_bounded_and_survives_its_file() -> None:
    reference = make_reference(draw(5_000, 1, correlation=0.0, width=50))
    assert len(reference.together.features) == MOST_TOGETHER
    assert 1 <= len(reference.together.components) <= MOST_COMPONENTS
    again = Reference.from_json(reference.to_json())
    assert again == reference and again.digest == reference.digest


@pytest.mark.parametrize(
    "columns",
    [
        {"x": np.arange(5_000.0)},
        {"x": np.arange(5_000.0), "constant": np.ones(5_000)},
        {"x": np.arange(60.0), "y": np.arange(60.0)},
        {"x": np.arange(5_000.0), "kind": np.array(["a", "b"] * 2_500)},
    ],
    ids=["one number", "a constant", "few rows", "one number and a category"],
)
def test_there_is_nothing_together_in(columns: dict[str, Array]) -> None:
    reference = make_reference(columns)
    assert INPUTS not in reference.features and reference.together == Together()


@pytest.mark.parametrize(
    ("together", "message"),
    [
        (Together(("x", "nothing"), ((0.7, 0.7),)), "no number of the reference"),
        (Together(("x", "y"), ((0.7,),)), "one for each feature"),
        (Together(("x", "y"), ((0.7, 7.0),)), "one for each feature"),
        (Together(("x", "y"), ((0.7, float("nan")),)), "one for each feature"),
        (Together(("x", "y"), ((0.7, 0.7),) * 6), "more than 20 features or 5 components"),
        (Together(), f"{INPUTS} without components"),
    ],
)
def test_components_that_cannot_be_are_refused(together: Together, message: str) -> None:
    number = Number(0, 1, (0.5,), {"01": 1})
    with pytest.raises(InvalidReference, match=message):
        Reference(1, {"x": number, "y": number, INPUTS: number}, together=together)
