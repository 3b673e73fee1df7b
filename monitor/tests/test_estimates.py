"""Estimates without labels equal their definition on rows, and their interval holds what it says."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from whence_monitor import Reference, bins, make_reference
from whence_monitor import instruments as i
from whence_monitor.formulas import estimates as e
from whence_monitor.tasks import errors, scores

from monitor.tests.worker import Worker

Array = NDArray[Any]
EXACT = 1e-9
few_examples = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
thresholds = st.sampled_from([0.5, 0.3, 0.37])


class Known(NamedTuple):
    """What a reference knows of the cells: labels, how many came true and should have, float64[b, 2] each."""

    judged: Array
    came_true: Array
    expected: Array


def cells(values: Mapping[tuple[str, str], float]) -> Array:
    return np.array([[values.get((name, answer), 0.0) for answer in (i.NO, i.YES)] for name in scores.NAMES])


def known(reference: Reference) -> Known:
    return Known(
        *(
            cells({(c.bin, c.predicted): c.sums[quantity] for c in reference.calibration})
            for quantity in scores.QUANTITIES
        )
    )


def noted(worker: Worker) -> Array:
    return cells({(found["bin"], found["predicted"]): n for found, n in worker.points(i.SCORES)})


def calibrated(truths: Any, predictions: Any, **settings: Any) -> Reference:
    columns = {"score": predictions, "truth": truths}
    return make_reference(columns, prediction="score", truth="truth", **settings)


def drawn(rng: np.random.Generator, n: int, a: float = 1.0) -> tuple[Array, Array]:
    """Scores that are too high, and truths."""
    probabilities = rng.beta(a, 1.5, n)
    return probabilities, (rng.uniform(size=n) < probabilities**1.5).astype(int)


def observe(predictions: Any, **settings: Any) -> Worker:
    worker = Worker(**settings)
    for prediction in predictions:
        worker.monitor.observe({}, float(prediction))
    return worker


@few_examples
@given(seeds, thresholds)
def test_a_classifier_by_the_definition_of_confidence_based_estimation(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    past, truths = drawn(rng, 4_000)
    now, _ = drawn(rng, 300, a=2.0)
    reference = calibrated(truths, past, task="binary", threshold=threshold)
    worker = observe(now, reference=reference, threshold=threshold)
    found = e.estimate_classification(noted(worker), *known(reference))

    def cell(values: Array) -> Array:
        return scores.code_scores(values) * 2 + (values >= threshold)

    kept = np.bincount(cell(past), minlength=44)[cell(now)] >= e.ENOUGH
    rows = now[kept]
    p = np.array([truths[cell(past) == code].mean() for code in cell(rows)])
    as_known = np.array([past[cell(past) == code].mean() for code in cell(rows)])
    predicted = rows >= threshold
    tp, fp, fn = p[predicted].sum(), (1 - p)[predicted].sum(), p[~predicted].sum()
    both = np.repeat([1, 0], len(rows)), np.tile(scores.code_scores(rows), 2)
    expected = {
        "accuracy": np.mean(np.where(predicted, p, 1 - p)),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "auc": sk.roc_auc_score(*both, sample_weight=np.concatenate([p, 1 - p])),
        "brier": np.mean(p * (1 - as_known) ** 2 + (1 - p) * as_known**2),
    }
    assert {name: estimate.value for name, estimate in found.items()} == pytest.approx(expected, rel=EXACT)


@few_examples
@given(seeds, thresholds)
def test_the_estimate_of_the_reference_itself_is_its_quality(seed: int, threshold: float) -> None:
    past, truths = drawn(np.random.default_rng(seed), 5_000)
    reference = calibrated(truths, past, task="binary", threshold=threshold)
    of = known(reference)
    all_known = Known(*(np.where(of.judged >= e.ENOUGH, values, 0.0) for values in of))
    lost = of.judged.sum() - all_known.judged.sum()
    found = e.estimate_classification(all_known.judged, *all_known)
    for name in ("accuracy", "precision", "recall", "f1", "auc"):
        assert found[name].value == pytest.approx(reference.quality[name], abs=EXACT if not lost else 0.02)
    assert found["brier"].value == pytest.approx(reference.quality["brier"], abs=0.0025 + lost / 5_000)


def test_the_interval_has_the_truth_in_95_of_100_windows() -> None:
    rng = np.random.default_rng(11)
    hits = dict.fromkeys(("accuracy", "precision", "recall", "f1", "auc"), 0)
    rounds = 400
    for _ in range(rounds):
        past, truths = drawn(rng, 2_000)
        now, late = drawn(rng, 500, a=1.3)
        tables = [tabulate(past, truths), tabulate(now, late)]
        found = e.estimate_classification(tables[1].judged, *tables[0])
        said = now >= 0.5
        true = {
            "accuracy": sk.accuracy_score(late, said),
            "precision": sk.precision_score(late, said),
            "recall": sk.recall_score(late, said),
            "f1": sk.f1_score(late, said),
            "auc": sk.roc_auc_score(late, scores.code_scores(now)),
        }
        for name, value in true.items():
            hits[name] += abs(found[name].value - value) <= found[name].margin
    assert all(0.92 <= hit / rounds <= 0.99 for hit in hits.values()), hits


def tabulate(values: Array, truths: Array) -> Known:
    places = scores.code_scores(values) * 2 + (values >= 0.5)
    weights = (np.ones(len(values)), truths, values)
    return Known(*(np.bincount(places, weight, minlength=44).reshape(-1, 2) for weight in weights))


def test_scores_that_were_never_labelled_give_no_estimate() -> None:
    past, truths = drawn(np.random.default_rng(12), 3_000)
    low = past < 0.5
    reference = calibrated(truths[low], past[low], task="binary")
    for above, is_told in ((4, True), (6, False)):
        worker = observe([0.25] * (100 - above) + [0.65] * above, reference=reference)
        assert e.covered(noted(worker), known(reference).judged) == pytest.approx(1 - above / 100)
        assert bool(e.estimate_classification(noted(worker), *known(reference))) is is_told


def test_a_changed_relation_is_not_seen_by_an_estimate() -> None:
    past, truths = drawn(np.random.default_rng(13), 5_000)
    table, flipped = tabulate(past, truths), tabulate(past, 1 - truths)
    estimate = e.estimate_classification(flipped.judged, *table)["accuracy"]
    accuracy = (flipped.came_true[:, 1].sum() + (flipped.judged - flipped.came_true)[:, 0].sum()) / 5_000
    assert estimate.value - accuracy > 0.3 > estimate.margin


def test_several_classes_have_the_accuracy_of_their_confidence() -> None:
    rng = np.random.default_rng(14)
    table = rng.dirichlet([1.0, 0.5, 0.5], 2_000)
    truths = [["a", "b", "c"][rng.choice(3, p=row)] for row in table]
    predictions = [dict(zip("abc", row, strict=True)) for row in table]
    reference = calibrated(truths, predictions, task="multiclass")
    worker = Worker(task="multiclass", reference=reference)
    for prediction in predictions[:500]:
        worker.monitor.observe({}, prediction)
    confidence = scores.code_scores(table.max(axis=1))
    right = np.array(["abc".index(truth) for truth in truths]) == table.argmax(axis=1)
    share = {code: right[confidence == code].mean() for code in np.unique(confidence)}
    frequent = [code for code in confidence[:500] if np.sum(confidence == code) >= e.ENOUGH]
    found = e.estimate_classification(noted(worker), *known(reference))
    assert found["accuracy"].value == pytest.approx(np.mean([share[code] for code in frequent]), rel=EXACT)


def loss_sums(reference: Reference) -> dict[str, Array]:
    of = {cell.bin: cell.sums for cell in reference.calibration}
    return {q: np.array([of.get(n, {}).get(q, 0.0) for n in bins.FINITE]) for q in errors.QUANTITIES}


@few_examples
@given(seeds)
def test_a_regression_by_the_definition_of_direct_loss_estimation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    past = rng.gamma(2, 10, 3_000)
    truths = past + rng.normal(0, 0.2 * past)
    reference = calibrated(truths, past, task="regression")
    now = rng.gamma(3, 10, 400).clip(past.min(), past.max())
    worker = observe(now, reference=reference, task="regression")
    counts = np.array([worker.sum(i.FEATURE_VALUES, feature="@prediction", bin=name) for name in bins.FINITE])
    found = e.estimate_regression(counts, loss_sums(reference))
    edges = np.quantile(past, np.arange(1, 10) / 10, method="inverted_cdf")
    code, code_now = (np.searchsorted(edges, values, side="right") for values in (past, now))
    loss = np.array([np.abs(past - truths)[code == c].mean() for c in code_now])
    square = np.array([((past - truths) ** 2)[code == c].mean() for c in code_now])
    assert found["mae"].value == pytest.approx(loss.mean(), rel=EXACT)
    assert found["rmse"].value == pytest.approx(np.sqrt(square.mean()), rel=EXACT)


def test_the_interval_of_a_regression_has_the_truth_in_95_of_100_windows() -> None:
    rng = np.random.default_rng(15)
    hits = {"mae": 0, "rmse": 0}
    rounds = 400
    for _ in range(rounds):
        tables = []
        for n, weights in ((2_000, [0.4, 0.3, 0.2, 0.1]), (500, [0.25, 0.25, 0.25, 0.25])):
            code = rng.choice(4, n, p=weights)
            size = np.abs(rng.normal(0, 1 + code))
            tables.append([np.bincount(code, size**power).astype(float) for power in (0, 1, 2, 4)])
        found = e.estimate_regression(tables[1][0], dict(zip(errors.QUANTITIES, tables[0], strict=True)))
        true = {"mae": tables[1][1].sum() / 500, "rmse": np.sqrt(tables[1][2].sum() / 500)}
        for name, value in true.items():
            hits[name] += abs(found[name].value - value) <= found[name].margin
    assert all(0.92 <= hit / rounds <= 0.99 for hit in hits.values()), hits


def test_errors_of_labelled_predictions_are_counted_by_bin_and_huge_ones_stay_finite() -> None:
    past = np.arange(1000.0)
    reference = calibrated(past, past, task="regression")
    worker = Worker(task="regression", reference=reference)
    for prediction, truth in ((50.0, 52.0), (60.0, 57.0), (5_000.0, 5_001.0), (950.0, 1e99)):
        worker.monitor.judge(prediction, truth)
    by_bin = {
        quantity: [worker.sum(i.PREDICTION_ERRORS, bin=name, quantity=quantity) for name in ("01", "above")]
        for quantity in errors.QUANTITIES
    }
    assert by_bin["judged"] == [2, 1]
    assert by_bin["error_absolute"] == [5, 1]
    assert by_bin["error_squared"] == [13, 1]
    assert by_bin["error_fourth"] == [16 + 81, 1]
    assert np.isfinite(worker.sum(i.PREDICTION_ERRORS, bin="10", quantity="error_fourth"))


def test_the_reference_exports_what_it_knows() -> None:
    past, truths = drawn(np.random.default_rng(16), 1_000)
    reference = Reference.from_json(calibrated(truths, past, task="binary", threshold=0.37).to_json())
    worker = Worker(reference=reference, threshold=0.37)
    for place, quantity in enumerate(scores.QUANTITIES):
        exported = {
            (found["bin"], found["predicted"]): value
            for found, value in worker.points(i.REFERENCE_CALIBRATION)
            if found["quantity"] == quantity
        }
        assert cells(exported) == pytest.approx(known(reference)[place])
    assert {found["reference"] for found, _ in worker.points(i.REFERENCE_CALIBRATION)} == {reference.digest}
    series = [len(worker.points(found)) for found in (i.SCORES, i.SCORE_LABELS, i.SCORE_EXPECTED)]
    assert sum(series) == 92
    split = {cell.predicted for cell in reference.calibration if cell.bin == "0.3"}
    assert split == {i.NO, i.YES}
