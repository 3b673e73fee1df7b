"""What the rules record of a model equals the package's formulas of all that its processes were told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from whence_monitor import instruments as i
from whence_monitor import make_reference
from whence_monitor.formulas import classification as c
from whence_monitor.formulas import ranking as k
from whence_monitor.formulas import regression as r
from whence_monitor.tasks.scores import NAMES

from prometheus import watched_models as w
from tests.rules.promtool import counter
from tests.rules.watched import Array, Process, Tell, ask, divide, pair, total, watch


def measured(measures: Mapping[str, float | None], segment: str = "all") -> dict[str, float | None]:
    of = f'service_name="scoring", model_name="m", model_version="1", segment="{segment}"'
    return {
        f'model:measure:now{{{of}, window="{window}", measure="{name}"}}': value
        for name, value in measures.items()
        for window in ("10m", "1h")
    }


def judge(predictions: Any, truths: Any, segments: Any = None) -> Tell:
    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, len(truths)):
            segment = None if segments is None else segments[row]
            process.worker.monitor.judge(predictions[row], truths[row], segment)

    return tell


def outcomes(classes: list[str], *processes: Process, **of: str) -> tuple[Array, Array, Array]:
    tp, fp, fn = (
        np.array(
            [total(i.OUTCOMES, *processes, outcome=outcome, **{"class": name}, **of) for name in classes]
        )
        for outcome in ("tp", "fp", "fn")
    )
    return tp, fp, fn


def classified(n: int = 900, seed: int = 1) -> tuple[list[float], list[bool], list[str]]:
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.5, 1, n)
    truths = rng.uniform(size=n) < probabilities**1.5
    return probabilities.tolist(), truths.tolist(), rng.choice(["old", "new"], n, p=[0.8, 0.2]).tolist()


def binary_measures(*processes: Process) -> dict[str, float]:
    tp, fp, fn = outcomes(["0", "1"], *processes)
    scored, log_loss, brier = (
        total(i.QUALITY, *processes, quantity=q) for q in ("scored", "log_loss", "brier")
    )
    no, yes = (
        np.array([total(i.SCORE_LABELS, *processes, bin=name, came_true=truth) for name in NAMES])
        for truth in ("no", "yes")
    )
    due = np.array([total(i.SCORE_EXPECTED, *processes, bin=name) for name in NAMES])
    by_class = {"precision": c.precision(tp, fp), "recall": c.recall(tp, fn), "f1": c.f1(tp, fp, fn)}
    return {
        "accuracy": c.accuracy(tp, fn),
        "positive_rate": float((tp[1] + fp[1]) / (tp + fn).sum()),
        "log_loss": log_loss / scored,
        "brier": brier / scored,
        "auc": c.roc_auc(no, yes)[0],
        "calibration_error": c.calibration_error(no, yes, due),
        **{name: float(values[1]) for name, values in by_class.items()},
        **{f"{name}_macro": c.macro(values, tp, fp, fn) for name, values in by_class.items()},
    }


def test_a_binary_classifier_of_two_processes(tmp_path: Path) -> None:
    processes = pair(segments=("old", "new"))
    predictions, truths, segments = classified()
    series = watch(*processes, tell=judge(predictions, truths, segments))
    tp, fp, fn = outcomes(["1"], *processes, segment="new")
    of_segment: dict[str, float | None] = {"recall": float(c.recall(tp, fn)[0]), "auc": None}
    ask(tmp_path, series, measured(binary_measures(*processes)) | measured(of_segment, "new"))


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    predictions, truths, _ = classified()
    through, restarted = pair(), pair()
    watch(*through, tell=judge(predictions, truths))
    series = watch(*restarted, tell=judge(predictions, truths), restart=True)
    assert total(i.LABELS, *restarted) < len(truths) / 2
    ask(tmp_path, series, measured(binary_measures(*through)))


def test_several_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    classes = ["0", "1", "2", "never"]
    table = rng.dirichlet(np.ones(4) * [2, 1, 1, 0.01], 600)
    truths = [classes[rng.choice(3, p=row[:3] / row[:3].sum())] for row in table]
    processes = pair(task="multiclass", classes=classes)
    series = watch(*processes, tell=judge(table.tolist(), truths))
    tp, fp, fn = outcomes(classes, *processes)
    expected: dict[str, float | None] = {
        "accuracy": c.accuracy(tp, fn),
        "precision_macro": c.macro(c.precision(tp, fp), tp, fp, fn),
        "recall_macro": c.macro(c.recall(tp, fn), tp, fp, fn),
        "f1_macro": c.macro(c.f1(tp, fp, fn), tp, fp, fn),
        "precision": None,
    }
    ask(tmp_path, series, measured(expected))


def test_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    truths = np.where(rng.uniform(size=600) < 0.1, 0.0, rng.normal(50, 10, 600))
    predictions = truths + rng.normal(-2, 5, 600)
    processes = pair(task="regression")
    series = watch(*processes, tell=judge(predictions.tolist(), truths.tolist()))
    names = {found["quantity"] for found, _ in processes[0].worker.points(i.QUALITY)}
    sums = {name: total(i.QUALITY, *processes, quantity=name) for name in names}
    expected: dict[str, float | None] = {
        "mae": r.mean_absolute_error(sums),
        "rmse": r.root_mean_squared_error(sums),
        "mape": r.mean_absolute_percentage_error(sums),
        "bias": r.bias(sums),
        "r2": r.r_squared(sums),
        "accuracy": None,
        "hit_rate": None,
    }
    ask(tmp_path, series, measured(expected))


def test_ranking(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    lists = [[f"i{item}" for item in rng.permutation(30)[:10]] for _ in range(300)]
    truths = [{f"i{item}" for item in rng.permutation(30)[:3]} for _ in range(300)]
    processes = pair(task="ranking")
    series = watch(*processes, tell=judge(lists, truths))
    quantities = {
        "hit_rate": "hits",
        "precision_at_k": "precision",
        "recall_at_k": "recall",
        "ndcg": "ndcg",
        "mrr": "reciprocal_rank",
        "map": "average_precision",
    }
    judged = total(i.QUALITY, *processes, quantity="judged")
    expected: dict[str, float | None] = {
        name: total(i.QUALITY, *processes, quantity=quantity) / judged
        for name, quantity in quantities.items()
    }
    ask(tmp_path, series, measured(expected))


def hashed(instrument: i.Instrument, label: str, *processes: Process) -> list[Array]:
    """Values of each process in the order of a label."""
    points = (process.worker.points(instrument) for process in processes)
    return [
        np.array([value for name, value in sorted((a[label], v) for a, v in each) if name.isdigit()])
        for each in points
    ]


@pytest.mark.parametrize("catalogue", [60, 3_000])
def test_what_rankers_show(catalogue: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    items = [f"i{number}" for number in range(catalogue)]
    weights = np.arange(1, catalogue + 1) ** -0.6
    lists = [rng.choice(items, 10, replace=False, p=weights / weights.sum()).tolist() for _ in range(600)]
    reference = make_reference({"x": [1.0, 2.0]}, items=items)

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 600):
            process.worker.monitor.observe({"x": 1.0}, lists[row])

    processes = pair(task="ranking", reference=reference)
    series = watch(*processes, tell=tell)
    registers = np.max(hashed(i.ITEMS_REGISTER, "register", *processes), axis=0)
    buckets, tenths = (
        np.sum(hashed(of, "bin", *processes), axis=0) for of in (i.ITEMS_SPREAD, i.ITEMS_SHOWN)
    )
    expected: dict[str, float | None] = {
        "coverage": k.distinct_items(registers),
        "diversity": k.effective_items(buckets),
        "popularity": k.mean_popularity(tenths),
    }
    assert expected["coverage"] == pytest.approx(len({item for shown in lists for item in shown}), rel=0.25)
    ask(tmp_path, series, measured(expected))


def observe(processes: tuple[Process, ...]) -> dict[str, str]:
    """900 predictions, two thirds of them labelled after 40 s."""
    scores, truths, segments = classified()

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, len(scores)):
            process.worker.monitor.observe({}, scores[row], row, segments[row])
            if part:
                process.worker.monitor.judge(scores[row], truths[row], segments[row], 40.0)

    return watch(*processes, tell=tell)


def test_predictions_labels_and_segments(tmp_path: Path) -> None:
    processes = pair(segments=("old", "new"))
    series = observe(processes)
    new = total(i.PREDICTIONS, *processes, segment="new")
    expected: dict[str, float | None] = {
        'model:measure:now{measure="predictions", segment="all", window="10m"}': 900 / 600,
        'model:measure:now{measure="predictions", segment="new", window="1h"}': new / 3600,
        'model:labels:increase{segment="all", window="1h"}': 600,
    }
    expected |= measured({"label_coverage": 600 / 900, "label_delay": 15 + 45 / 2})
    ask(tmp_path, series, expected | measured({"segment_share": new / 900}, "new"))


def test_what_the_page_of_a_model_asks_of_a_segment(tmp_path: Path) -> None:
    processes = pair(segments=("old", "new"))
    series = observe(processes)
    labels = total(i.LABELS, *processes, segment="new")
    tp, _, fn = outcomes(["0", "1"], *processes, segment="new")
    asked = w.segments('segment="new"', 'window="10m"')
    expected: dict[str, float | None] = {
        asked["labelled"]: labels,
        f"max({asked['trials']})": labels,
        f"max({asked['segments']})": c.accuracy(tp, fn),
        f"count({asked['segments']})": 2,
    }
    ask(tmp_path, series, expected)


def test_what_predictions_take_and_cost_and_how_old_their_features_are(tmp_path: Path) -> None:
    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 900):
            features_at = 1e9 - 3_600 * (row % 10 + 1)
            process.worker.monitor.observe(
                {}, 0.5, latency=0.3 if row % 5 else 0.01, cost=row / 100, features_at=features_at
            )

    with patch("whence_monitor.monitor.time", lambda: 1e9):
        series = watch(*pair(), tell=tell)
    ages = 28_800 + (86_400 - 28_800) * (0.95 * 10 - 8) / 2
    latencies = 0.2 + (0.5 - 0.2) * (0.95 - 0.2) / 0.8
    ask(tmp_path, series, measured({"latency": latencies, "cost": 899 / 200, "feature_age": ages}))


def test_shares_of_repeated_requests_and_of_scores_next_to_the_threshold(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    scores, amounts = rng.uniform(size=900), rng.normal(size=900)
    reference = make_reference({"amount": amounts, "score": scores}, prediction="score")

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 900):
            amount = 0.1 if row % 3 == 0 else amounts[row]
            process.worker.monitor.observe({"amount": amount}, scores[row])

    processes = pair(reference=reference)
    series = watch(*processes, tell=tell)
    repeated = {kind: total(i.REPEATED, *processes, kind=kind) for kind in ("exact", "near")}
    assert repeated["exact"] == 298, "each process sees the first one as new"
    margin = np.mean((scores >= 0.4) & (scores < 0.6))
    shares = {f"{kind}_repeats": number / 900 for kind, number in repeated.items()}
    ask(tmp_path, series, measured(shares | {"margin_share": float(margin)}))


def test_only_problems_that_occur_are_told(tmp_path: Path) -> None:
    def tell(process: Process, part: int) -> None:
        process.worker.monitor.observe({}, "not a probability", 1)

    problems = 'model:problems:rate10m{kind="invalid_prediction"}'
    ask(tmp_path, watch(*pair(), tell=tell), {problems: 6 / 600, "count(model:problems:rate10m)": 1})


def test_few_labels_give_no_values(tmp_path: Path) -> None:
    predictions, truths, _ = classified(36)
    processes = pair()
    series = watch(*processes, tell=judge(predictions, truths))
    said: dict[str, float | None] = {'model:labels:increase{segment="all", window="1h"}': 36}
    ask(tmp_path, series, measured(dict.fromkeys(binary_measures(*processes))) | said)


def right(*phases: tuple[int, float]) -> dict[str, str]:
    """300 labels a minute, and the shares of them that are right for so many seconds."""
    of = 'model_outcomes_total{service_name="s", model_name="m", model_version="1", segment="all", class="1"'
    found = counter(*((length, 50 * share) for length, share in phases))
    missed = counter(*((length, 50 * (1 - share)) for length, share in phases))
    return {f'{of}, outcome="tp"}}': found, f'{of}, outcome="fn"}}': missed}


USUAL = 'model:measure:usual{measure="accuracy", window="10m", past="1h"}'


def test_ten_bad_minutes_do_not_change_what_is_usual(tmp_path: Path) -> None:
    series = right((4800, 0.8), (900, 0.4))
    now = 'model:measure:now{measure="accuracy", window="10m"}'
    ask(tmp_path, series, {USUAL: 0.8, now: 0.4}, at=5640, interval=10, every=60)


@pytest.mark.parametrize(("seconds", "usual"), [(2700, 0.8), (1500, None)])
def test_a_young_model_has_no_past(tmp_path: Path, seconds: int, usual: float | None) -> None:
    series = right((seconds, 0.8))
    ask(tmp_path, series, {USUAL: usual}, at=seconds - 60, interval=10, every=60)
