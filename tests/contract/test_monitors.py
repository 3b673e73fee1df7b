"""The catalogue of monitors of models: what it names exists, and nothing that is measured is missing."""

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from whence_monitor.problems import Problem

from alerts.catalogue import ALL_TASKS, PROBLEMS, all_monitors, render_catalogue
from alerts.rules import all_alerts
from alerts.runbook import FOLDER as RUNBOOKS
from config import Config
from config.watched_models import MEASURES
from grafana.dashboards import build_all
from prometheus.names import REGISTRY
from prometheus.series.recorded import (
    FEATURE_DRIFT,
    FEATURE_FAULTS,
    MODEL_BOUND,
    MODEL_ESTIMATE,
    MODEL_KEPT_LIMIT,
    MODEL_MEASURE,
)
from stack import ROOT
from tests.contract.recorded import RULES, with_recorded

ALERTS = {alert.slug: alert for alert in all_alerts(Config())}
MONITORS = all_monitors()
PANELS = {panel["title"] for panel in build_all(Config())["model.json"]["panels"]}
OF_MODELS = [slug for slug, alert in ALERTS.items() if alert.component == "models"]


def field(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].annotation


def in_whence_yaml(key: str) -> bool:
    """Whether the file may have this key."""
    first, *rest = key.split(".")
    if first == "alerts":
        return rest[0] in ALERTS
    found: Any = field(Config, first)
    for name in rest:
        if isinstance(found, type) and issubclass(found, BaseModel):
            found = field(found, name)
        elif name in MEASURES:
            found = get_args(found)[1]
        else:
            return False
    return True


def test_what_a_monitor_names_exists() -> None:
    for monitor in MONITORS:
        alert = ALERTS[monitor.alert]
        assert alert.component == "models", monitor
        assert alert.panel in PANELS, monitor
        assert (RUNBOOKS / f"{alert.runbook or alert.slug}.md").is_file(), monitor
        assert in_whence_yaml(monitor.key), monitor
        assert monitor.series.partition("{")[0] in REGISTRY, monitor
        assert set(monitor.tasks) <= set(ALL_TASKS), monitor


def test_the_alert_of_a_monitor_is_of_its_series() -> None:
    for monitor in MONITORS:
        assert monitor.series.partition("{")[0] in with_recorded(ALERTS[monitor.alert].query), monitor


def test_the_alert_of_a_monitor_asks_for_the_limit_that_its_key_sets() -> None:
    bounds = {"kept": MODEL_KEPT_LIMIT.name, "at_least": MODEL_BOUND.name, "at_most": MODEL_BOUND.name}
    for monitor in MONITORS:
        alert = ALERTS[monitor.alert]
        name = monitor.key.rpartition(".")[2]
        if monitor.key.startswith("alerts."):
            assert alert.slug == name and alert.threshold, monitor
        else:
            assert bounds.get(name, f'limit="{name}"') in with_recorded(alert.query), monitor


def test_a_key_that_the_file_has_not_is_noticed() -> None:
    assert not in_whence_yaml("watched_models.measures.acuracy.kept")
    with pytest.raises(KeyError):
        in_whence_yaml("watched_models.kep")


def test_every_alert_on_models_is_of_a_monitor() -> None:
    assert {monitor.alert for monitor in MONITORS} == set(OF_MODELS)


def test_no_monitor_comes_twice_and_there_are_more_than_fifty() -> None:
    assert len({(monitor.what, monitor.compared) for monitor in MONITORS}) == len(MONITORS) > 50


@pytest.mark.parametrize(
    ("recorded", "label"),
    [
        (MODEL_MEASURE, "measure"),
        (MODEL_ESTIMATE, "measure"),
        (FEATURE_DRIFT, "measure"),
        (FEATURE_FAULTS, "kind"),
    ],
)
def test_everything_that_is_measured_is_watched(recorded: Any, label: str) -> None:
    measured = {rule["labels"][label] for rule in RULES if rule["record"] == recorded.name}
    watched = {
        name
        for monitor in MONITORS
        for names in re.findall(rf'^{recorded.name}{{{label}=~?"([^"]+)"}}$', monitor.series)
        for name in names.split("|")
    }
    assert measured == watched


def test_every_kind_of_problem_is_watched() -> None:
    assert sorted(kind for kinds in PROBLEMS.values() for kind in kinds) == sorted(Problem)


def test_the_page_has_a_row_for_each_monitor_and_its_links_lead_somewhere() -> None:
    page = render_catalogue(list(ALERTS.values()))
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(MONITORS)
    assert all(len(re.split(r"(?<!\\)\|", row)) == 9 for row in rows)
    for link in re.findall(r"\]\(([^)]+)\)", page):
        assert (ROOT / "docs" / "generated" / link).resolve().is_file(), link
