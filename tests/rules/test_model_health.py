"""What dashboards and pages say of a model equals what its processes were told, and no alert is green."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whence_monitor import instruments as i
from whence_monitor import make_reference
from whence_monitor.formulas import classification as c
from whence_monitor.reference import Number
from whence_monitor.tasks.scores import NAMES

from config import Config
from grafana.dashboards import build_all
from prometheus.models import watched as w
from prometheus.models.samples import SHORT
from prometheus.series.recorded import FEATURE_REFERENCE, FEATURE_VALUES
from tests.rules.watched import Process, Tell, ask, divide, pair, rules_of, total, watch

ROWS = 900
WINDOW = f'window="{SHORT}"'
FIRING = 'ALERTS{alertname="Drift", alertstate="firing", service_name="scoring"'
INCIDENT = 'incident_verdict_confidence_ratio{incident="7", service="scoring"}'


def drawn(n: int = ROWS, unit: float = 1.0, missing: int = 0) -> dict[str, list[Any]]:
    rng = np.random.default_rng(3)
    rows: dict[str, list[Any]] = {
        "amount": (rng.normal(100, 20, n) * unit).tolist(),
        "country": rng.choice(["de", "fr"], n, p=[0.7, 0.3]).tolist(),
        "score": rng.beta(1, 3, n).tolist(),
    }
    rows["late"] = (rng.uniform(size=n) < rows["score"]).astype(int).tolist()
    rows["country"][:missing] = [None] * missing
    return rows


REFERENCE = make_reference(drawn(3_000), prediction="score", truth="late", categories=["late"])


AUC = 0.79
"""Of `drawn`, by bins."""

HALF_MISSING = make_reference(
    drawn(3_000, missing=1_500), prediction="score", truth="late", categories=["late"]
)


def observe(rows: Mapping[str, list[Any]], labels: bool = True) -> Tell:
    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, len(rows["score"])):
            features = {name: rows[name][row] for name in ("amount", "country")}
            process.worker.monitor.observe(features, rows["score"][row], row)
            if labels:
                process.worker.monitor.label(row, rows["late"][row])

    return tell


@pytest.mark.parametrize(
    ("rows", "labels", "more", "state"),
    [
        (drawn(), True, {}, "OK"),
        (drawn(), False, {}, "No labels"),
        (drawn(missing=90), True, {}, "Faulty values"),
        (drawn(unit=0.7), True, {}, "Drift"),
        (drawn(), True, {INCIDENT: "0.9x20"}, "Incident"),
        (drawn(), True, {f'{FIRING}, model_name="m", model_version="1"}}': "1x20"}, "Alert"),
        (drawn(), True, {f'{FIRING}, model_name="m"}}': "1x20"}, "Alert"),
        (drawn(), True, {f'{FIRING}, model_name="m", model_version="2"}}': "1x20"}, "OK"),
        (drawn(unit=100), True, {f'{FIRING}, model_name="m"}}': "1x20"}, "Alert"),
    ],
    ids=[
        "ok",
        "no labels",
        "faulty",
        "drift",
        "incident",
        "alert",
        "alert of all versions",
        "alert of another version",
        "alert and drift",
    ],
)
def test_the_state_of_a_model_is_the_worst_there_is(
    rows: dict[str, list[Any]], labels: bool, more: dict[str, str], state: str, tmp_path: Path
) -> None:
    series = watch(*pair(reference=REFERENCE), tell=observe(rows, labels))
    found = w.state()
    ask(tmp_path, series | more, {picked(found, "state", state): w.STATES[state], f"count ({found})": 1})


@pytest.mark.parametrize(
    ("rows", "written", "state"),
    [
        (drawn(missing=90), {"faults": {"missing": "15%"}}, "Drift"),
        (drawn(missing=30), {"faults": {"missing": "1%"}}, "Faulty values"),
        (drawn(unit=0.9), {}, "OK"),
        (drawn(unit=0.9), {"drift": "moderate"}, "Drift"),
        (drawn(), {"kept": "97%"}, "Quality"),
        (drawn(), {"measures": {"auc": {"kept": "97%"}}}, "Quality"),
        (drawn(), {"kept": "97%", "measures": {"auc": {"kept": "90%"}}}, "OK"),
    ],
)
def test_the_state_follows_the_limits_of_the_model(
    rows: dict[str, list[Any]], written: dict[str, Any], state: str, tmp_path: Path
) -> None:
    """With an AUC of 95% of what is usual."""
    limits = {"watched_models": {"models": [{"name": "m", **written}]}}
    of = 'service_name="scoring", model_name="m", model_version="1", segment="all", window="10m"'
    usual = {f'model:measure:usual{{{of}, measure="auc", past="1h"}}': f"{AUC / 0.95}x20"}
    series = watch(*pair(reference=REFERENCE), tell=observe(rows)) | usual
    rules = rules_of(Config.model_validate(limits))
    ask(tmp_path, series, {picked(w.state(), "state", state): w.STATES[state]}, rules=rules)


def test_a_model_at_a_glance(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn(unit=1000, missing=90)))
    no, yes = (
        np.array([total(i.SCORE_LABELS, *processes, bin=name, came_true=truth) for name in NAMES])
        for truth in ("no", "yes")
    )
    expected: dict[str, float | None] = {
        'model:main_measure:now{measure="auc"}': c.roc_auc(no, yes)[0],
        "count(model:main_measure:now)": 1,
        "model:features:drifted": 2,
        'model:features:worst_fault{feature="amount", kind="out_of_range"}': 1,
        "count(model:features:worst_fault)": 1,
    }
    ask(tmp_path, series, expected)


@pytest.mark.parametrize("asked", [w.glance, w.history, w.details])
def test_all_that_a_page_asks_is_answered(asked: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    of = 'model_name="m"', 'model_version="1"'
    series = watch(*pair(reference=REFERENCE), tell=observe(drawn(unit=100)))
    for name in ("auc", "recall"):
        usual = f'model:measure:usual{{service_name="scoring", {", ".join(of)}, measure="{name}", past="1h"'
        series[f'{usual}, segment="all", window="10m"}}'] = "0.9x20"
    for name in ("estimate", "estimate_margin", "estimate_error"):
        estimated = f'model:measure:{name}{{service_name="scoring", {", ".join(of)}, measure="accuracy"'
        series[f'{estimated}, segment="all", window="10m"}}'] = "0.9x20"
    answered: dict[str, float | None] = {f"count({query}) > bool 0": 1 for query in asked(*of).values()}
    ask(tmp_path, series, answered)


def shown(uid: str) -> Iterator[str]:
    """The queries of a dashboard's panels, with all values chosen."""
    for panel in build_all(Config())[f"{uid}.json"]["panels"]:
        for target in panel.get("targets", ()):
            yield re.sub(r"\$[a-z]\w*", ".*", target["expr"])


@pytest.mark.parametrize("uid", ["models", "model"])
def test_panels_of_several_versions_with_segments(uid: str, tmp_path: Path) -> None:
    """Nothing is matched with more than one: the versions have references and segments of their own."""
    old = Process(0, reference=REFERENCE, version="1")
    new = Process(1, reference=HALF_MISSING, version="2", segments=("old", "new"))
    other = Process(2, reference=REFERENCE, model="n", segments=("old", "new"))
    series = watch(old, new, other, tell=observe(drawn(unit=3, missing=90)))
    for version, window in product(("1", "2"), ("10m", "1h")):
        of = f'service_name="scoring", model_name="m", model_version="{version}", segment="all"'
        usual = f'model:measure:usual{{{of}, window="{window}", measure="auc"'
        series |= {f'{usual}, past="{past}"}}': "0.9x20" for past in ("1h", "24h")}
    series |= {
        f'{FIRING}, model_name="m", severity="{severity}"}}': "1x20" for severity in ("critical", "info")
    }
    answered: dict[str, float | None] = {f"(count({query}) or vector(1)) > bool 0": 1 for query in shown(uid)}
    ask(tmp_path, series, answered | {f"count({w.state()})": 3, f"sum({w.firing()})": 4})


def test_values_that_were_missing_in_training_are_no_fault(tmp_path: Path) -> None:
    series = watch(*pair(reference=HALF_MISSING), tell=observe(drawn(missing=450)))
    fault = 'model:features:worst_fault{feature="country", kind="missing"}'
    share = 'model:feature:faults{feature="country", kind="missing", window="10m"}'
    ask(tmp_path, series, {fault: None, share: 0.5, picked(w.state(), "state", "OK"): w.WELL})


def test_a_bin_is_named_by_where_it_begins(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn(missing=90)))
    of_amount, of_country = (
        ('feature="amount"', WINDOW, w.EVERYBODY),
        ('feature="country"', WINDOW, w.EVERYBODY),
    )
    amount = REFERENCE.features["amount"]
    assert isinstance(amount, Number)
    second = f"02 ≥ {float(f'{amount.edges[0]:.4g}'):g}"
    in_second = total(i.FEATURE_VALUES, *processes, feature="amount", bin="02")
    now, then = (w.distribution(of, *of_amount) for of in (FEATURE_VALUES, FEATURE_REFERENCE))
    expected: dict[str, float | None] = {
        picked(now, "where", second): in_second / ROWS,
        picked(then, "where", second): amount.counts["02"] / 3_000,
        f"sum ({now})": 1,
        picked(then, "where", "infinite"): None,
        picked(w.distribution(FEATURE_VALUES, *of_country), "where", "missing"): 0.1,
    }
    ask(tmp_path, series, expected)


def picked(expr: str, label: str, value: str) -> str:
    return f'({expr}) and on ({label}) label_replace(vector(1), "{label}", "{value}", "", "")'


def test_a_changed_unit_is_told_by_the_magnitude(tmp_path: Path) -> None:
    rows = drawn(unit=-1000)
    series = watch(*pair(reference=REFERENCE), tell=observe(rows))
    ask(tmp_path, series, {w.magnitude('feature="amount"'): float(np.mean(rows["amount"]))})


def test_what_came_true_stands_beside_what_should_have(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn()))
    name = "0.3"
    yes, no = (total(i.SCORE_LABELS, *processes, bin=name, came_true=each) for each in ("yes", "no"))
    expected = total(i.SCORE_EXPECTED, *processes, bin=name)
    came_true, due = (picked(expr, "bin", name) for expr in w.calibration(WINDOW, w.EVERYBODY))
    ask(tmp_path, series, {came_true: yes / (yes + no), due: expected / (yes + no)})


def test_errors_are_compared_the_other_way_round(tmp_path: Path) -> None:
    of = 'service_name="scoring", model_name="m", model_version="1", segment="all", window="10m"'
    values = {"mae": (20, 10, 16), "accuracy": (0.6, 0.8, 0.5)}
    series: dict[str, str] = {}
    for name, (now, hour, day) in values.items():
        series[f'model:measure:now{{{of}, measure="{name}"}}'] = f"{now}x20"
        series[f'model:measure:usual{{{of}, measure="{name}", past="1h"}}'] = f"{hour}x20"
        if name == "accuracy":
            series[f'model:measure:usual{{{of}, measure="{name}", past="24h"}}'] = f"{day}x20"
    expected: dict[str, float | None] = {
        f'model:measure:kept{{measure="{name}"}}': value for name, value in (("mae", 0.5), ("accuracy", 1.2))
    }
    ask(tmp_path, series, expected)


def test_an_estimate_has_its_interval_and_the_truth_beside_it(tmp_path: Path) -> None:
    of = 'service_name="scoring", model_name="m", model_version="1", segment="all", window="10m"'
    values = {
        "estimate": {"auc": 0.8, "accuracy": 0.9},
        "estimate_margin": {"auc": 0.05, "accuracy": 0.02},
        "now": {"auc": 0.7, "accuracy": 0.85, "f1": 0.6},
    }
    series = {
        f'model:measure:{name}{{{of}, measure="{measure}"}}': f"{value}x20"
        for name, found in values.items()
        for measure, value in found.items()
    }
    wanted = {"truth": 0.7, "estimate": 0.8, "at least": 0.75, "at most": 0.85}
    assert w.estimate().keys() == wanted.keys()
    ask(tmp_path, series, {w.estimate()[name]: value for name, value in wanted.items()})
