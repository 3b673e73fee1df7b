"""What the recording rules make of requests: budgets and burn rates, in a young stack as in an old one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config import Config
from prometheus.objectives import all_objectives
from prometheus.recording import STEP, duration_name, render_recording
from tests.rules.promtool import histogram, run_promtool
from tests.rules.scenarios import budgets
from tests.rules.scenarios.scenario import Series

CONFIG = Config()
OF_OBJECTIVES = ("signals", "objectives", "burn rates", "burn rates over days")
RULES = [group for group in render_recording(CONFIG)["groups"] if group["name"] in OF_OBJECTIVES]
AVAILABILITY = '{objective="availability", service_name="recommender"}'


def ask(folder: Path, series: Series, at: int, expected: Mapping[str, float | None]) -> None:
    """Checks the one sample of each query at a second, to 1 in 50; None is no sample."""
    asked = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(max({query}) - {value or 0}) <= bool {0.02 * abs(value or 0):g}"
        asked.append({"expr": close, "eval_time": f"{at}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(folder, [test], RULES, STEP)


def test_a_ninth_of_an_hour_of_errors_burns_the_same_in_a_young_stack_and_an_old_one(tmp_path: Path) -> None:
    """400 s × 20/s of 72,000 requests an hour are 11%, 22 times a budget of 0.5%."""
    expected = {
        f'slo:burn_rate:ratio{{objective="availability", window="{window}"}}': rate
        for window, rate in (("1h", 22.222), ("6h", 3.704))
    }
    for calm in (1200, 7200):
        ask(tmp_path, budgets.failing((calm, 400, 120)), calm + 520, expected)


def test_the_budget_left_counts_the_whole_period(tmp_path: Path) -> None:
    """An hour without any good answer is 1/720 of 30 days: 28% of a budget of 0.5%."""
    series = budgets.failing((1200, 3600, 120))
    ask(tmp_path, series, 4920, {f"slo:error_budget_left:ratio{AVAILABILITY}": 0.722})


def test_without_trouble_nothing_burns_and_the_budget_is_whole(tmp_path: Path) -> None:
    calm = budgets.failing((600, 10, 10), bad=0)
    expected: dict[str, float | None] = {
        f"slo:requests:rate1m{AVAILABILITY}": 20,
        f"slo:errors:rate1m{AVAILABILITY}": 0,
        f"slo:error_budget_left:ratio{AVAILABILITY}": 1,
        f"slo:objective:ratio{AVAILABILITY}": 0.995,
    }
    expected |= {f'slo:burn_rate:ratio{{objective="availability", window="{w}"}}': 0 for w in ("5m", "3d")}
    ask(tmp_path, calm, 600, expected)


def test_a_service_without_requests_has_no_burn_rate(tmp_path: Path) -> None:
    idle = {budgets.HTTP % 200: histogram((600, budgets.NOTHING))}
    nothing: dict[str, float | None] = {
        'slo:burn_rate:ratio{objective="availability"}': None,
        'slo:burn_rate_excess:ratio{objective="availability"}': None,
    }
    ask(tmp_path, idle, 600, nothing)


def test_answers_without_features_are_not_fresh(tmp_path: Path) -> None:
    series = budgets.missing((600, 300, 10))
    ask(tmp_path, series, 890, {'slo:errors:rate1m{objective="freshness"}': 20})


@pytest.mark.parametrize("rate", CONFIG.objectives.burn_rates, ids=lambda rate: duration_name(rate.long))
def test_the_workbooks_factors_come_out(rate: Any) -> None:
    known = {"1h": 14.4, "6h": 6, "1d": 3, "3d": 1}
    assert CONFIG.objectives.factor(rate) == pytest.approx(known[duration_name(rate.long)])


def test_every_watched_service_has_its_objectives_and_owner() -> None:
    found = {(objective.service, objective.slug, objective.owner) for objective in all_objectives(CONFIG)}
    for service in CONFIG.watched:
        assert {(service.name, slug, service.owner) for slug in ("availability", "latency")} <= found
