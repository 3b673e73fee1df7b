"""The dashboards agree with each other, with the services, and with what is written about them."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.rules import all_alerts
from config import Config
from grafana.build import FOLDER, generate
from grafana.layout import title_room
from prometheus import artifacts
from prometheus.names import REGISTRY
from prometheus.series.models import MODEL
from services.demo.recommender.answers import Reason, Source
from services.incidents.web.links import MODEL_DASHBOARD, SERVICE_DASHBOARD
from stack import ROOT
from telemetry.spans import SHADOW_ANSWER, SPANS

DASHBOARDS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))
}
EACH = pytest.mark.parametrize("content", DASHBOARDS.values(), ids=DASHBOARDS)
DOCUMENT = (ROOT / "docs" / "dashboards.md").read_text()
ALERTS = all_alerts(Config())
SERVICES = {"recommender", "incidents", "${service_name}"}


def plots_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in content["panels"] if panel["type"] not in ("row", "text")]


PLOTS = [panel for content in DASHBOARDS.values() for panel in plots_of(content)]


def links_of(panel: dict[str, Any]) -> list[str]:
    config = panel["fieldConfig"]
    links = [*config["defaults"].get("links", [])]
    for override in config["overrides"]:
        links += [
            link for change in override["properties"] if change["id"] == "links" for link in change["value"]
        ]
    return [link["url"] for link in links]


def test_generated_files_are_up_to_date() -> None:
    assert artifacts.differences(FOLDER, generate(Config())) == []


def test_the_dashboards_are_those_promised() -> None:
    assert set(DASHBOARDS) == {
        "overview",
        "recommendation-quality-and-storage",
        "model-and-data",
        "service",
        "map",
        "object-storage",
        "pipeline-health",
        "process-and-host",
        "llm",
        "models",
        "model",
    }


@EACH
def test_every_dashboard_is_described_in_the_document(content: dict[str, Any]) -> None:
    (section,) = re.findall(rf"^## {content['title']}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    titles = {panel["title"] for panel in content["panels"]}
    named = re.findall(r"\*\*(.+?)\*\*", section)
    assert named and set(named) <= titles


@EACH
def test_every_dashboard_leads_to_the_others_with_time_and_variables_kept(content: dict[str, Any]) -> None:
    menu, _ = content["links"]
    assert menu["type"] == "dashboards" and menu["includeVars"] and menu["keepTime"]
    assert all(set(menu["tags"]) <= set(other["tags"]) for other in DASHBOARDS.values())


@EACH
def test_links_lead_somewhere(content: dict[str, Any]) -> None:
    for url in (url for panel in plots_of(content) for url in links_of(panel)):
        parts = urlsplit(url)
        if parts.path.startswith("/d/"):
            target = DASHBOARDS[parts.path.removeprefix("/d/")]
            variables = {f"var-{variable['name']}" for variable in target["templating"]["list"]}
            assert {key for key in parse_qs(parts.query) if key.startswith("var-")} <= variables, url
        elif parts.path == "/explore":
            (pane,) = json.loads(parse_qs(parts.query)["panes"][0]).values()
            (query,) = pane["queries"]
            assert query["service"] in SERVICES, url
            assert query.get("operation") in {None, *(span.name for span in (*SPANS, SHADOW_ANSWER))}, url
        else:
            assert parts.scheme in ("http", "https"), url


@EACH
def test_links_use_variables_that_the_dashboard_has(content: dict[str, Any]) -> None:
    known = {variable["name"] for variable in content["templating"]["list"]}
    for panel in plots_of(content):
        for url in links_of(panel):
            used = re.findall(r"\$\{([a-z]\w*)\}", url)
            assert set(used) <= known, panel["title"]
            labels = re.findall(r"\$\{__(?:data\.fields|field\.labels)\.(\w+)\}", url)
            assert all(set(labels) <= labels_of(expr) for expr in asked(panel)), panel["title"]


@EACH
def test_legends_name_labels_that_their_query_keeps(content: dict[str, Any]) -> None:
    for panel in plots_of(content):
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= labels_of(target["expr"]), panel["title"]


def labels_of(expr: str) -> set[str]:
    """Labels that a query keeps or makes."""
    kept = {label for group in re.findall(r"by \(([^)]*)\)", expr) for label in group.split(", ")}
    return kept | set(re.findall(r', "([a-z]\w*)", "', expr))


@EACH
def test_no_title_is_cut_in_a_window_of_1280_pixels(content: dict[str, Any]) -> None:
    watched = {alert.panel for alert in ALERTS if alert.dashboard == content["uid"]}
    for panel in plots_of(content):
        title = panel["title"]
        assert len(title) <= title_room(panel["gridPos"]["w"], alerts=title in watched), title


@EACH
def test_colours_are_given_to_series_that_can_be_there(content: dict[str, Any]) -> None:
    for panel in plots_of(content):
        legends = {target["legendFormat"] for target in panel["targets"]}
        if panel["type"] == "timeseries" and not any(
            re.fullmatch(r"\{\{\w+\}\}", legend) for legend in legends
        ):
            coloured = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert coloured <= legends, panel["title"]


def test_panels_by_source_and_reason_know_those_of_the_recommender() -> None:
    colours = [
        {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        for panel in PLOTS
        if panel["title"] == "Share of answers by source"
    ]
    assert colours == [{source.value for source in Source}] * 2
    (reasons,) = [panel for panel in PLOTS if panel["title"].startswith("Answers without fresh")]
    found = {reason for expr in asked(reasons) for reason in re.findall(r'reason="(\w+)"', expr)}
    assert found == {reason.value for reason in Reason} - {"ok", "unknown_user"}


def test_every_heat_map_reads_native_histograms() -> None:
    for panel in PLOTS:
        if panel["type"] == "heatmap":
            (expr,) = asked(panel)
            names = set(re.findall(r"rate\((\w+)", expr))
            assert {REGISTRY[name].form for name in names} == {"native histogram"}


def asked(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def test_an_incident_links_to_the_dashboard_of_its_service() -> None:
    dashboard = DASHBOARDS[SERVICE_DASHBOARD]
    assert "service_name" in [variable["name"] for variable in dashboard["templating"]["list"]]


def test_the_page_of_a_model_links_to_its_dashboard() -> None:
    variables = {variable["name"] for variable in DASHBOARDS[MODEL_DASHBOARD]["templating"]["list"]}
    assert set(MODEL) <= variables
