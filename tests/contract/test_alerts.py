"""The two renderings of every alert agree, and what an alert refers to is there."""

import json
import re
from types import ModuleType
from typing import Any

import pytest
import yaml

from alerts.build import FOLDER, generate
from alerts.routing import INCIDENTS
from alerts.rules import MODULES, all_alerts
from alerts.runbook import FOLDER as WRITTEN
from alerts.runbook import SILENT
from alerts.spec import Alert, Impact, Severity
from alerts.to_grafana import ANY_MEASURE
from config import Config
from grafana.build import FOLDER as DASHBOARDS
from prometheus import artifacts
from stack import ROOT
from tests.contract.recorded import with_recorded

ALERTS = all_alerts(Config())

GRAFANA: dict[str, Any] = json.loads((FOLDER / "grafana/alerting.json").read_text())
PROMETHEUS: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus/alerts.yaml").read_text())
ALERTMANAGER: dict[str, Any] = yaml.safe_load((FOLDER / "alertmanager/alertmanager.yml").read_text())

RUNBOOKS = FOLDER / "runbooks"
HEADINGS = ["## What it means", "## How to check", "## How to fix", "## How to silence"]
OPERATORS = {"gt": ">", "lt": "<"}
NAMES = r"[a-z][a-z_]*[a-z]:?[a-z_:]*(?=[{\[)])"
ON_NO_PANEL = {
    "requests-slow",
    "collector-memory-high",
    "consumers-fall-behind",
    "prometheus-storage-damaged",
    "prometheus-rules-late",
    "prometheus-configuration-rejected",
    "heartbeat",
    "model-feature-leaked",
    "model-feature-unit-changed",
    "model-predictions-stopped",
}
"""Their series are on no panel: they lead to the one that shows the trouble."""
WITHOUT_SHORT_WINDOW = {
    "traffic-surge": "what is now against an hour",
    "demand-fell": "what is now against an hour",
    "telemetry-silent": "time since the last sample",
    "model-predictions-stopped": "over as soon as a few predictions are made",
    "process-cpu-high": "ten minutes' average about a limit, which shorter ones cross all the time",
    "host-cpu-busy": "ten minutes' average about a limit, which shorter ones cross all the time",
    "collector-loses-telemetry": "what is lost stays lost",
    "senders-share-an-identity": "one collision in five minutes counts",
    "alertmanager-cannot-notify": "one notification in five minutes counts",
}
"""Alerts that wait, whose shortest window is 5 minutes or more, and why that is enough."""
LAYERS = {
    "service",
    "storage",
    "features",
    "data",
    "model",
    "models",
    "quality",
    "traffic",
    "host",
    "pipeline",
    "monitoring",
    "objectives",
    "diagnosis",
}


def rendered(content: dict[str, Any], title_key: str, alert: Alert) -> tuple[dict[str, Any], dict[str, Any]]:
    """The alert's group and rule."""
    found = [
        (group, rule)
        for group in content["groups"]
        for rule in group["rules"]
        if rule[title_key] == alert.title
    ]
    assert len(found) == 1
    return found[0]


def without_guard(text: str) -> str:
    """Grafana's annotation templates guard against a missing value; what they say with one."""
    return re.sub(r"\{\{ with \.Values\.A \}\}(.*?)\{\{ else \}\}.*?\{\{ end \}\}", r"\1", text)


def without_query(text: str) -> str:
    """Prometheus' annotation templates may ask for the worst measure; what Grafana says instead."""
    return re.sub(r"\{\{ with printf .*?\{\{ end \}\}", ANY_MEASURE, text)


def bare(query: str) -> str:
    return re.sub(r"\s+", " ", query)


def test_generated_files_are_up_to_date() -> None:
    assert artifacts.differences(FOLDER, generate(Config())) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_the_two_renderings_mean_the_same(alert: Alert) -> None:
    grafana_group, grafana = rendered(GRAFANA, "title", alert)
    prometheus_group, prometheus = rendered(PROMETHEUS, "alert", alert)
    query, threshold = grafana["data"]
    (condition,) = threshold["model"]["conditions"]
    operator, (limit,) = OPERATORS[condition["evaluator"]["type"]], condition["evaluator"]["params"]

    assert bare(prometheus["expr"]) == f"({bare(query['model']['expr'])}) {operator} {limit:g}"
    assert grafana["condition"] == threshold["refId"]
    assert threshold["model"]["expression"] == query["refId"]
    assert grafana_group["name"] == prometheus_group["name"]
    assert grafana_group["interval"] == prometheus_group["interval"]
    assert grafana["for"] == prometheus["for"]
    assert grafana["keepFiringFor"] == prometheus["keep_firing_for"]
    assert grafana["labels"] == prometheus["labels"]
    said = {name: without_guard(text) for name, text in grafana["annotations"].items()}
    assert said == {name: without_query(text) for name, text in prometheus["annotations"].items()}


def test_nothing_is_rendered_that_is_not_defined() -> None:
    titles = {alert.title for alert in ALERTS}
    assert {rule["title"] for group in GRAFANA["groups"] for rule in group["rules"]} == titles
    assert {rule["alert"] for group in PROMETHEUS["groups"] for rule in group["rules"]} == titles
    assert len({alert.slug for alert in ALERTS}) == len(titles) == len(ALERTS)


def test_both_tell_the_incidents_page_all_and_at_once() -> None:
    (policy,) = GRAFANA["policies"]
    route = ALERTMANAGER["route"]
    assert {key: policy[key] for key in route if key != "routes"} == {
        key: route[key] for key in route if key != "routes"
    }
    assert {each["receiver"] for each in (*route["routes"], *policy["routes"])} >= {INCIDENTS}
    assert all(each["group_wait"] == "0s" for each in (*route["routes"], *policy["routes"])[:1])


def test_every_layer_is_watched() -> None:
    assert {alert.component for alert in ALERTS} == LAYERS
    assert len(ALERTS) >= 50
    assert [alert.slug for alert in ALERTS if alert.is_heartbeat] == ["heartbeat"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_file_of_alerts_is_in_the_table_of_groups(module: ModuleType) -> None:
    groups, _ = (ROOT / "docs" / "alerts.md").read_text().split("\n## Delay")
    assert re.search(rf"\b{module.__name__.rpartition('.')[2]}\.py\b", groups)


def test_no_alert_is_muted_by_one_that_it_mutes() -> None:
    follows = {alert.slug: alert.follows for alert in ALERTS if alert.follows}
    assert not set(follows) & set(follows.values())


def shortest_window(query: str) -> float:
    """Seconds."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    windows = re.findall(r"\[(\d+)([smhd])", query)
    return min((int(number) * units[unit] for number, unit in windows), default=0)


def test_a_slow_alert_that_waits_does_not_begin_after_the_repair() -> None:
    slow = [alert for alert in ALERTS if alert.evaluation.for_ and shortest_window(alert.query) >= 300]
    assert {alert.slug for alert in slow if not alert.short_window} == WITHOUT_SHORT_WINDOW.keys()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_every_alert_has_a_runbook_with_its_query(alert: Alert) -> None:
    text = (RUNBOOKS / f"{alert.slug}.md").read_text()
    assert text.startswith(f"# {alert.title}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert alert.query in text
    assert f"alertname = {alert.title}" in text
    _, rule = rendered(PROMETHEUS, "alert", alert)
    assert rule["annotations"]["runbook_url"].endswith(f"/runbooks/{alert.slug}")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_every_alert_says_whether_users_are_affected_as_its_runbook_does(alert: Alert) -> None:
    text = (RUNBOOKS / f"{alert.slug}.md").read_text()
    told = re.search(r"^User impact: (none|unknown)?", text, re.MULTILINE)
    assert alert.impact is not Impact.USER or (told and not told[1])
    assert f"`impact: {alert.impact}`" in text
    for rules, title in ((GRAFANA, "title"), (PROMETHEUS, "alert")):
        _, rule = rendered(rules, title, alert)
        assert rule["labels"]["impact"] == alert.impact


def test_no_runbook_is_left_over() -> None:
    assert {path.stem for path in WRITTEN.glob("*.md")} == {
        SILENT,
        *(alert.runbook or alert.slug for alert in ALERTS),
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_every_alert_points_to_a_panel_that_shows_its_series(alert: Alert) -> None:
    _, rule = rendered(GRAFANA, "title", alert)
    (content,) = [json.loads(file.read_text()) for file in DASHBOARDS.glob(f"{rule['dashboardUid']}.json")]
    (panel,) = [panel for panel in content["panels"] if panel["id"] == rule["panelId"]]
    shown = set(re.findall(NAMES, " ".join(target["expr"] for target in panel["targets"])))
    assert alert.slug in ON_NO_PANEL or set(re.findall(NAMES, with_recorded(alert.query))) & shown


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_every_alert_tells_what_and_how_much(alert: Alert) -> None:
    assert "{value}" in f"{alert.summary} {alert.description}"
    assert len(alert.summary) < 90
    assert len(alert.description) > len(alert.summary)
    assert alert.severity in Severity
    assert alert.owner or "owner" in alert.query


def test_grafana_misses_no_storage_server_where_the_bucket_is_somewhere_else() -> None:
    rules = {rule["title"]: rule for group in GRAFANA["groups"] for rule in group["rules"]}
    assert rules["Storage Server Down"]["noDataState"] == "OK"
    assert rules["Collector Down"]["noDataState"] == "Alerting"
