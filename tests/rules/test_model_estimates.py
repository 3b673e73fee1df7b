"""What the rules estimate equals the package's formulas; and what it is worth is told by later labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whence_monitor import Reference, bins, make_reference
from whence_monitor import instruments as i
from whence_monitor.formulas import estimates as e
from whence_monitor.tasks import scores

from monitor.tests.test_estimates import cells, drawn, known, loss_sums
from tests.rules.promtool import counter
from tests.rules.watched import Array, Process, Tell, ask, divide, pair, total, watch


def estimated(found: Mapping[str, e.Estimate], names: tuple[str, ...] = ()) -> dict[str, float | None]:
    """The values and margins of 10 minutes; none of those `names` that were not found."""
    series = 'model:measure:%s{segment="all", window="10m", measure="%s"}'
    values = {series % ("estimate", name): found[name].value if name in found else None for name in names}
    values |= {series % ("estimate", name): estimate.value for name, estimate in found.items()}
    return values | {series % ("estimate_margin", name): estimate.margin for name, estimate in found.items()}


def observe(predictions: Any, truths: Any = ()) -> Tell:
    """All predictions are observed, and the first ones judged."""

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, len(predictions)):
            process.worker.monitor.observe({}, predictions[row])
            if row < len(truths):
                process.worker.monitor.judge(predictions[row], truths[row])

    return tell


def calibrated(predictions: Any, truths: Any, **settings: Any) -> Reference:
    columns = {"prediction": predictions, "truth": truths}
    return make_reference(columns, prediction="prediction", truth="truth", **settings)


def noted(*processes: Process) -> Array:
    return cells(
        {
            (name, answer): total(i.SCORES, *processes, bin=name, predicted=answer)
            for name in scores.NAMES
            for answer in (i.NO, i.YES)
        }
    )


CLASS_1 = ("precision", "recall", "f1", "auc", "brier")


@pytest.mark.parametrize("threshold", [0.5, 0.37])
def test_a_binary_classifier(threshold: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(21)
    past, truths = drawn(rng, 6_000)
    reference = calibrated(past, truths, task="binary", threshold=threshold)
    processes = pair(reference=reference, threshold=threshold)
    now, late = drawn(rng, 900, a=1.5)
    labelled = late[:600].tolist()
    series = watch(*processes, tell=observe(now.tolist(), labelled))
    found = e.estimate_classification(noted(*processes), *known(reference))
    assert {"accuracy", *CLASS_1} == found.keys()
    of_labelled = Process(2, reference=reference, threshold=threshold)
    for score in now[:600].tolist():
        of_labelled.worker.monitor.observe({}, score)
    should = e.estimate_classification(noted(of_labelled), *known(reference))
    right = np.mean((now[:600] >= threshold) == late[:600])
    error: dict[str, float | None] = {
        'model:measure:estimate_error{window="10m", measure="accuracy"}': should["accuracy"].value - right,
        "count(model:measure:estimate_error)": 2 * len(found),
    }
    ask(tmp_path, series, estimated(found) | error)


def test_several_classes_have_an_accuracy_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(22)
    table = rng.dirichlet([1.0, 0.5, 0.5], 3_000)
    truths = [["a", "b", "c"][rng.choice(3, p=row)] for row in table]
    predictions = [dict(zip("abc", row.tolist(), strict=True)) for row in table]
    reference = calibrated(predictions, truths, task="multiclass")
    processes = pair(task="multiclass", reference=reference)
    series = watch(*processes, tell=observe(predictions[:900]))
    found = e.estimate_classification(noted(*processes), *known(reference))
    ask(tmp_path, series, estimated({"accuracy": found["accuracy"]}, CLASS_1))


def test_a_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    past = rng.gamma(2, 10, 3_000)
    reference = calibrated(past, past + rng.normal(0, 0.2 * past), task="regression")
    processes = pair(task="regression", reference=reference)
    now = rng.gamma(3, 10, 900).clip(past.min(), past.max())
    series = watch(*processes, tell=observe(now.tolist(), (now[:300] + 2).tolist()))
    counts = [total(i.FEATURE_VALUES, *processes, feature="@prediction", bin=name) for name in bins.FINITE]
    judged = [total(i.PREDICTION_ERRORS, *processes, quantity="judged", bin=name) for name in bins.FINITE]
    found, should = (e.estimate_regression(np.array(n), loss_sums(reference)) for n in (counts, judged))
    error: dict[str, float | None] = {
        'model:measure:estimate_error{window="10m", measure="mae"}': should["mae"].value - 2,
    }
    ask(tmp_path, series, estimated(found, ("accuracy",)) | error)


def test_predictions_of_which_nothing_is_known_have_no_estimate(tmp_path: Path) -> None:
    past, truths = drawn(np.random.default_rng(24), 3_000)
    low = past < 0.5
    reference = calibrated(past[low], truths[low], task="binary")
    processes = pair(reference=reference)
    series = watch(*processes, tell=observe([0.25] * 280 + [0.65] * 20))
    covered = 'model:estimate:covered{window="10m", among="predictions"}'
    ask(tmp_path, series, estimated({}, ("accuracy", *CLASS_1)) | {covered: 280 / 300})


def test_a_model_without_reference_and_labels_has_no_estimate(tmp_path: Path) -> None:
    series = watch(*pair(), tell=observe([0.25] * 300))
    ask(tmp_path, series, {"model:measure:estimate": None, "model:estimate:covered": None})


HOUR, STEP = 3_600, 60
OF = 'service_name="s", model_name="m", model_version="1"'


def right_and_wrong(*shares: float) -> dict[str, str]:
    """Two hours with one share of right predictions, then half an hour with another; 60 labels a minute."""
    series = {f'model_scores_total{{{OF}, bin="0.6", predicted="yes"}}': labels(1.0, 1.0)}
    for truth, of_truth in (("yes", shares), ("no", tuple(1 - share for share in shares))):
        cell = f'{OF}, bin="0.6", predicted="yes", came_true="{truth}"'
        outcome = "tp" if truth == "yes" else "fp"
        series[f"model_score_labels_total{{{cell}}}"] = labels(*of_truth)
        series[f'model_outcomes_total{{{OF}, class="1", outcome="{outcome}"}}'] = labels(*of_truth)
    series[f'model_outcomes_total{{{OF}, class="0", outcome="fn"}}'] = labels(1 - shares[0], 1 - shares[1])
    return series


def labels(before: float, after: float) -> str:
    return counter((2 * HOUR, 10 * before), (HOUR // 2, 10 * after))


def in_reference(share: float) -> dict[str, str]:
    cell = f'{OF}, bin="0.6", predicted="yes"'
    sums = {"judged": 1_000, "came_true": 1_000 * share, "expected": 650}
    return {
        f'model_reference_calibration{{{cell}, quantity="{quantity}"}}': f"{value}+0x{3 * HOUR // 10}"
        for quantity, value in sums.items()
    }


ACCURACY = 'model:measure:%s{measure="accuracy", window="10m"}'


def test_labels_of_the_past_replace_the_reference_and_later_ones_say_how_wrong_it_was(tmp_path: Path) -> None:
    series = right_and_wrong(0.8, 0.4) | in_reference(0.95)
    expected: dict[str, float | None] = {
        ACCURACY % "estimate": 0.8,
        ACCURACY % "now": 0.4,
        ACCURACY % "estimate_error": 0.4,
    }
    ask(tmp_path, series, expected, interval=10, every=STEP, at=9_000 - STEP)


def test_before_there_is_a_past_the_reference_is_asked(tmp_path: Path) -> None:
    series = right_and_wrong(0.8, 0.4) | in_reference(0.95)
    expected: dict[str, float | None] = {ACCURACY % "estimate": 0.95, ACCURACY % "estimate_error": 0.15}
    ask(tmp_path, series, expected, interval=10, every=STEP, at=HOUR - STEP)
