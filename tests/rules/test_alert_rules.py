"""Every alert is silent just before it should fire, fires when it should, ends, and never fires in quiet."""

import re
from pathlib import Path
from typing import Any

import pytest

from alerts.build import generate
from alerts.panels import Placed, place
from alerts.rules import ALERTS
from tests.rules.promtool import STEP, run_promtool
from tests.rules.scenarios import SCENARIOS, Series

PLACED = {placed.alert.slug: placed for placed in place(ALERTS)}
RULES = generate()["prometheus/rules.yaml"]
QUIET = [(slug, name) for slug, scenario in SCENARIOS.items() for name in scenario.quiet]


def checked(slug: str, series: Series, expected: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """A promtool test: the alerts expected of a rule at each second."""
    alert = PLACED[slug].alert
    return {
        "interval": f"{STEP}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{second}s", "alertname": alert.title, "exp_alerts": alerts}
            for second, alerts in expected.items()
        ],
    }


def fired(placed: Placed, value: str, labels: dict[str, str]) -> dict[str, Any]:
    """The alert as it is delivered, its templates filled in."""
    annotations = {
        name: re.sub(r"\{\{ \.Labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
        for name, text in placed.annotations(value).items()
    }
    return {"exp_labels": placed.alert.labels | labels, "exp_annotations": annotations}


def test_every_alert_has_a_scenario() -> None:
    assert set(SCENARIOS) == set(PLACED)


@pytest.mark.parametrize(("slug", "name"), QUIET)
def test_silent_in_quiet(slug: str, name: str, tmp_path: Path) -> None:
    interval = PLACED[slug].alert.interval
    silence = dict.fromkeys(range(interval, 901, interval), list[dict[str, Any]]())
    run_promtool(tmp_path, [checked(slug, SCENARIOS[slug].quiet[name], silence)], RULES)


@pytest.mark.parametrize("slug", SCENARIOS)
def test_silent_just_before_then_firing(slug: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[slug]
    firing = fired(PLACED[slug], scenario.value, dict(scenario.labels))
    expected = {scenario.silent_at: [], scenario.fires_at: [firing]}
    run_promtool(tmp_path, [checked(slug, scenario.breach, expected)], RULES)


@pytest.mark.parametrize("slug", SCENARIOS)
def test_over_when_it_is_over(slug: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[slug]
    still, over = scenario.firing_until, scenario.over_at
    firing = {"expr": f'count(ALERTS{{alertname="{PLACED[slug].alert.title}", alertstate="firing"}})'}
    test = checked(slug, scenario.breach, {over: []})
    test["promql_expr_test"] = [
        firing | {"eval_time": f"{still}s", "exp_samples": [{"labels": "{}", "value": 1}]},
        firing | {"eval_time": f"{over}s", "exp_samples": []},
    ]
    run_promtool(tmp_path, [test], RULES)
