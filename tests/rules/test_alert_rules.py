"""Every alert is silent just before it should fire, fires when it should, ends, and never fires in quiet."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from alerts import to_prometheus
from alerts.panels import Placed, place
from alerts.rules import all_alerts
from config import Config
from prometheus.recommender import measures
from prometheus.recording import STEP, render_recording
from tests.rules.promtool import Groups, run_promtool
from tests.rules.scenarios import SCENARIOS
from tests.rules.scenarios.models import MODEL
from tests.rules.scenarios.scenario import NEVER, Scenario, Series

PLACED = {placed.alert.slug: placed for placed in place(all_alerts(Config()), Config())}
OWNERS = {service.name: service.owner for service in Config().services}
BUDGETS = [slug for slug in PLACED if "-budget-" in slug]
GROUPS: Groups = render_recording(Config())["groups"]
AGAINST_ITS_PAST = [slug for slug, placed in PLACED.items() if "recommendation:" in placed.alert.query]


def rules(placed: Placed, given: Collection[str]) -> Groups:
    """The alert's rule, after the recording rules that make its series and what those are made of.

    Those of series that are given do not record.
    """
    fixed = {re.split(r"[{ ]", series)[0] for series in given}
    objective = re.search(r'objective="(\w+)"', placed.alert.query)
    groups = GROUPS
    if objective:
        groups = choose(lambda rule: rule.get("labels", {}).get("objective") in (None, objective[1]), groups)
    needed, asked = set[str](), [placed.alert.query]
    while names := {name for query in asked for name in re.findall(r"\w+(?::\w+)+", query)} - needed - fixed:
        needed |= names
        asked = [rule["expr"] for group in groups for rule in group["rules"] if rule["record"] in names]
    made = choose(lambda rule: rule["record"] in needed, groups)
    return [*(group for group in made if group["rules"]), *to_prometheus.render([placed])["groups"]]


def choose(wanted: Callable[[dict[str, Any]], bool], groups: Groups) -> list[dict[str, Any]]:
    return [group | {"rules": list(filter(wanted, group["rules"]))} for group in groups]


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


def side_by_side(quiet: Mapping[str, Series]) -> dict[str, Series]:
    """All in one, each as a service of its name: the rules of watched models look at each by itself."""
    of_service = f'service_name="{MODEL["service_name"]}"'
    together = {
        series.replace(of_service, f'service_name="{name}"'): values
        for name, found in quiet.items()
        for series, values in found.items()
    }
    assert len(together) == sum(map(len, quiet.values()))
    return {"side by side": together}


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
    quiet = side_by_side(scenario.quiet) if placed.alert.component == "models" else scenario.quiet
    tests = [checked(placed, series, silence) | {"name": name} for name, series in quiet.items()]
    given = {series for of_one in quiet.values() for series in of_one}
    run_promtool(tmp_path, tests, rules(placed, given), every(placed))


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
    run_promtool(tmp_path, [test], rules(placed, scenario.breach), every(placed))
