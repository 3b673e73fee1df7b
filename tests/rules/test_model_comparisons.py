"""By how many standard errors a measure is worse than its past, other versions, everybody, its training."""

from math import pi, sqrt
from pathlib import Path

import pytest

from config import Config
from prometheus.models.comparisons import margin
from prometheus.models.intervals import interval
from prometheus.quantities import Z
from prometheus.recording import render_recording
from tests.rules.promtool import gauge, run_promtool

NAMES = ("limits of models", "comparisons of models")
GROUPS = [group for group in render_recording(Config())["groups"] if group["name"] in NAMES]
OF_MEDIAN = 1 + pi / 2 / 6


def of(segment: str = "all", version: str = "1", window: str = "10m") -> str:
    model = f'service_name="s", model_name="m", model_version="{version}"'
    return f'{model}, segment="{segment}", window="{window}"'


def measured(measure: str, now: float, n: float, quantity: str = "judged", **where: str) -> dict[str, float]:
    which = of(**where)
    return {
        f'model_info{{service_name="s", model_name="m", model_version="{where.get("version", "1")}"}}': 1,
        f'model:measure:now{{{which}, measure="{measure}"}}': now,
        f'model:quality:increase{{{which}, quantity="{quantity}"}}': n,
        f"model:labels:increase{{{which}}}": n,
    }


def usual(measure: str, value: float) -> dict[str, float]:
    return {f'model:measure:usual{{{of()}, measure="{measure}", past="1h"}}': value}


def deviations(folder: Path, series: dict[str, float], expected: dict[str, float | None]) -> None:
    """Checks to a thousandth by how many standard errors what the matchers choose is worse."""
    asked = [
        {
            "expr": f"abs(sum(model:measure:deviation{{{where}}}) / {value or 1!r} - 1) < bool 0.001",
            "eval_time": "9m",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": 1}],
        }
        for where, value in expected.items()
    ]
    inputs = [{"series": name, "values": gauge((600, value))} for name, value in series.items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(folder, [test], GROUPS)


@pytest.mark.parametrize(
    ("measure", "now", "before", "quantity", "of_one"),
    [
        ("hit_rate", 0.5, 0.6, "judged", sqrt(0.55 * 0.45)),
        ("hit_rate", 0.7, 0.6, "judged", sqrt(0.65 * 0.35)),
        ("brier", 0.3, 0.2, "scored", sqrt(0.25 * 1.75)),
        ("mae", 3, 2, "judged", 2.5),
        ("rmse", 3, 2, "judged", 2.5 * 1.12),
        ("log_loss", 0.5, 0.4, "scored", 0.45 * 3),
        ("r2", 0.5, 0.7, "judged", 0.4 * 2.24),
    ],
)
def test_against_its_past(
    measure: str, now: float, before: float, quantity: str, of_one: float, tmp_path: Path
) -> None:
    higher_is_better = measure in ("hit_rate", "r2")
    worse = before - now if higher_is_better else now - before
    z = worse / (of_one * sqrt(OF_MEDIAN / 400))
    series = measured(measure, now, 400, quantity) | usual(measure, before)
    deviations(tmp_path, series, {'compared="past"': z})


@pytest.mark.parametrize(("labels", "known"), [(99, False), (100, True)])
def test_few_labels_are_not_judged(labels: int, known: bool, tmp_path: Path) -> None:
    series = measured("hit_rate", 0, labels) | usual("hit_rate", 1)
    z = 1 / (0.5 * sqrt(OF_MEDIAN / labels))
    deviations(tmp_path, series, {'compared="past"': z if known else None})


def test_against_its_other_versions(tmp_path: Path) -> None:
    series = {
        **measured("hit_rate", 0.4, 200),
        **measured("hit_rate", 0.6, 300, version="2"),
        **measured("hit_rate", 0.5, 100, version="3"),
    }
    others = (0.6 * 300 + 0.5 * 100) / 400
    p = (0.4 + others) / 2
    z = (others - 0.4) / sqrt(p * (1 - p) * (1 / 200 + 1 / 400))
    deviations(tmp_path, series, {'compared="versions", model_version="1"': z})


def test_a_version_alone_is_compared_with_none(tmp_path: Path) -> None:
    deviations(tmp_path, measured("hit_rate", 0.4, 200), {'compared="versions"': None})


def test_a_segment_against_everybody(tmp_path: Path) -> None:
    series = measured("ndcg", 0.5, 900) | measured("ndcg", 0.3, 200, segment="new")
    z = 0.2 / sqrt(0.4 * 0.6 / 200)
    deviations(tmp_path, series, {'compared="everybody", segment="new"': z})


def test_a_segment_against_the_best_of_which_there_may_be_few(tmp_path: Path) -> None:
    def found(segment: str, recall: float, n: float) -> dict[str, float]:
        outcomes = f'model:outcomes:increase{{{of(segment)}, class="1", outcome='
        return {
            **measured("recall", recall, 2 * n, segment=segment),
            f'{outcomes}"tp"}}': recall * n,
            f'{outcomes}"fn"}}': (1 - recall) * n,
        }

    series = found("old", 0.5, 400) | found("new", 0.7, 100) | found("other", 0.6, 200)
    deviations(
        tmp_path,
        series,
        {
            'compared="best", segment="old"': 0.2 / sqrt(0.6 * 0.4 * (1 / 400 + 1 / 100)),
            'compared="best", segment="other"': 0.1 / sqrt(0.65 * 0.35 * (1 / 200 + 1 / 100)),
        },
    )


def test_against_its_training_and_its_limit(tmp_path: Path) -> None:
    reference = 'model_reference_quality{service_name="s", model_name="m", model_version="1", measure="r2"}'
    series = measured("r2", -0.2, 400) | {reference: 0.8}
    trained, limit = 1 / (0.7 * 2.24 / 20), 0.2 / (1.1 * 2.24 / 20)
    deviations(tmp_path, series, {'compared="training"': trained, 'compared="limit"': limit})


@pytest.mark.parametrize("measure", ["latency", "cost"])
def test_what_others_take_and_cost_is_their_mean_by_predictions(measure: str, tmp_path: Path) -> None:
    series = {
        f"{name}{{{of(version=version)}{which}}}": value
        for version, now, predictions in (("1", 4, 100), ("2", 1, 300), ("3", 2, 100))
        for name, which, value in (
            ("model:measure:now", f', measure="{measure}"', now),
            ("model:predictions:increase", "", predictions),
        )
    }
    others = f'model:measure:expected{{compared="versions", measure="{measure}", model_version="1"}}'
    asked = {"expr": f"sum({others})", "eval_time": "9m", "exp_samples": [{"labels": "{}", "value": 1.25}]}
    inputs = [{"series": name, "values": gauge((600, value))} for name, value in series.items()]
    run_promtool(tmp_path, [{"interval": "10s", "input_series": inputs, "promql_expr_test": [asked]}], GROUPS)


@pytest.mark.parametrize(("measure", "now", "of_one"), [("ndcg", 0.8, 0.4), ("mae", 3, 3)])
def test_the_margin_of_a_measure(measure: str, now: float, of_one: float, tmp_path: Path) -> None:
    """In PromQL half of the normal interval, and for shares in Python Wilson's, which is not symmetric."""
    half = Z * of_one / 20
    expr = f"abs({margin([measure, 'hit_rate'], by=['measure'])} - {half!r}) < bool 1e-9"
    asked = {"expr": f"sum({expr})", "eval_time": "9m", "exp_samples": [{"labels": "{}", "value": 1}]}
    series = measured(measure, now, 400)
    inputs = [{"series": name, "values": gauge((600, value))} for name, value in series.items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": [asked]}
    run_promtool(tmp_path, [test], GROUPS)
    low, high = interval(measure, now, 400)
    assert high - low == pytest.approx(2 * half, rel=0.01)
