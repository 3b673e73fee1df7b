"""Every alert is silent just before it should fire, fires when it should, ends, and never fires in quiet."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import to_prometheus
from alerts.panels import Placed, place
from alerts.rules import all_alerts
from config import Config
from prometheus import measures
from prometheus.recorded import FAILED_ABOVE_USUAL, HEARD, P95_TIMES_USUAL, REQUEST_SIGNAL
from prometheus.recording import STEP, render_recording
from tests.rules.promtool import run_promtool
from tests.rules.scenarios import SCENARIOS
from tests.rules.scenarios.scenario import NEVER, Scenario, Series

PLACED = {placed.alert.slug: placed for placed in place(all_alerts(Config()), Config())}
OWNERS = {service.name: service.owner for service in Config().services}
BUDGETS = [slug for slug in PLACED if "-budget-" in slug]
COMPARISONS = (
    "hit rate against its past",
    "measures against their past",
    "versions against each other",
    "drift against training",
)
OF_OBJECTIVES = ("signals", "objectives", "burn rates", "burn rates over days")
RECORDED_BY = {
    REQUEST_SIGNAL: "signals",
    HEARD: "signals",
    P95_TIMES_USUAL: "services against their past",
    FAILED_ABOVE_USUAL: "services against their past",
}
OF_MODELS = ("models", "models against their past", "limits of models", "comparisons of models")
OF_FEATURES = ("limits of models", "features of models")
AGAINST_ITS_PAST = [slug for slug, placed in PLACED.items() if "recommendation:" in placed.alert.query]


def rules(placed: Placed) -> str:
    """The alert's rule, after the recording rules that make its series."""
    content = to_prometheus.render([placed])
    if placed.alert.slug in BUDGETS:
        (objective,) = re.findall(r'objective="(\w+)"', placed.alert.query)
        content = {"groups": recording(objective) + content["groups"]}
    if placed.alert.slug in AGAINST_ITS_PAST:
        content = {"groups": comparisons() + content["groups"]}
    if placed.alert.component == "models":
        names = OF_FEATURES if "model:feature" in placed.alert.query else OF_MODELS
        content = {"groups": [found for name in names for found in group(name)] + content["groups"]}
    for name in {name for series, name in RECORDED_BY.items() if series.name in placed.alert.query}:
        content = {"groups": group(name) + content["groups"]}
    return yaml.safe_dump(content)


def group(name: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = render_recording(Config())["groups"]
    return [group for group in groups if group["name"] == name]


def recording(objective: str) -> list[dict[str, Any]]:
    return [
        found
        | {
            "rules": [
                r for r in found["rules"] if r.get("labels", {}).get("objective", objective) == objective
            ]
        }
        for name in OF_OBJECTIVES
        for found in group(name)
    ]


def comparisons() -> list[dict[str, Any]]:
    return [found for name in COMPARISONS for found in group(name)]


def every(placed: Placed) -> int:
    if placed.alert.slug in AGAINST_ITS_PAST:
        return measures.STEP
    return STEP if placed.alert.slug in BUDGETS else placed.alert.evaluation.interval


def checked(placed: Placed, series: Series, expected: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """A promtool test: the alerts expected of a rule at each second."""
    return {
        "interval": "10s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{second}s", "alertname": placed.alert.title, "exp_alerts": alerts}
            for second, alerts in expected.items()
        ],
    }


def fired(placed: Placed, scenario: Scenario) -> dict[str, Any]:
    """The alert as it is delivered, its templates filled in."""
    labels = dict(scenario.labels)
    annotations = {
        name: re.sub(r"\{\{ \.Labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
        for name, text in placed.annotations(scenario.value, scenario.worst).items()
    }
    owner = OWNERS.get(labels.get("service_name", labels.get("service", "")), "platform")
    return {
        "exp_labels": placed.alert.labels | {"owner": owner} | labels,
        "exp_annotations": annotations,
    }


def test_every_alert_has_a_scenario() -> None:
    assert set(SCENARIOS) == set(PLACED)
    assert [slug for slug, scenario in SCENARIOS.items() if not scenario.quiet] == ["heartbeat"]


@pytest.mark.parametrize("slug", [slug for slug, scenario in SCENARIOS.items() if scenario.quiet])
def test_silent_in_quiet(slug: str, tmp_path: Path) -> None:
    placed, scenario = PLACED[slug], SCENARIOS[slug]
    interval = placed.alert.evaluation.interval
    silence = dict.fromkeys(range(interval, scenario.quiet_for + 1, interval), list[dict[str, Any]]())
    tests = [checked(placed, series, silence) | {"name": name} for name, series in scenario.quiet.items()]
    run_promtool(tmp_path, tests, rules(placed), every(placed))


@pytest.mark.parametrize("slug", SCENARIOS)
def test_silent_just_before_then_firing_then_over(slug: str, tmp_path: Path) -> None:
    placed, scenario = PLACED[slug], SCENARIOS[slug]
    interval = placed.alert.evaluation.interval
    expected = {scenario.fires_at: [fired(placed, scenario)]}
    expected |= {scenario.fires_at - interval: []} if scenario.fires_at else {}
    expected |= {scenario.over_at: []} if scenario.over_at != NEVER else {}
    test = checked(placed, scenario.breach, expected)
    firing = f'count(ALERTS{{alertname="{placed.alert.title}", alertstate="firing"}})'
    still = scenario.over_at - interval
    test["promql_expr_test"] = [
        {"expr": firing, "eval_time": f"{still}s", "exp_samples": [{"labels": "{}", "value": 1}]}
    ]
    run_promtool(tmp_path, [test], rules(placed), every(placed))
