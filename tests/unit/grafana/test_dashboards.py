import re
from typing import Any

import pytest

from config import Config
from grafana.dashboards import build_all
from grafana.layout import COLUMNS

DASHBOARDS = build_all(Config())
DURATIONS = (
    r"storage_operation_(duration|first_byte)|http_server_request_duration|recommendation_duration"
    r"|traces_span_metrics_duration"
)
PLOTS = [
    pytest.param(panel, id=f"{content['uid']}/{panel['title']}")
    for content in DASHBOARDS.values()
    for panel in content["panels"]
    if panel["type"] not in ("row", "text")
]


def panel(title: str) -> dict[str, Any]:
    content = DASHBOARDS["recommendation-quality-and-storage.json"]
    panels: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in content["panels"]}
    return panels[title]


@pytest.mark.parametrize("plot", PLOTS)
def test_every_panel_says_what_good_looks_like(plot: dict[str, Any]) -> None:
    assert "Good: " in plot["description"]


@pytest.mark.parametrize("plot", PLOTS)
def test_latency_panels_show_exemplars_and_lead_to_traces(plot: dict[str, Any]) -> None:
    asked = " ".join(target["expr"] for target in plot["targets"])
    spread = "histogram_quantile(" in asked or plot["type"] == "heatmap"
    if plot["type"] in ("timeseries", "heatmap") and spread and re.search(DURATIONS, asked):
        assert any(target["exemplar"] for target in plot["targets"])
        assert any("jaeger" in link["url"] for link in plot["fieldConfig"]["defaults"]["links"])
    else:
        assert not any(target["exemplar"] for target in plot["targets"])


@pytest.mark.parametrize("plot", PLOTS)
def test_lines_have_a_legend_with_last_and_highest(plot: dict[str, Any]) -> None:
    if plot["type"] == "timeseries":
        assert plot["options"]["legend"]["calcs"] == ["lastNotNull", "max"]
        assert all(target["legendFormat"] != "__auto" for target in plot["targets"])


@pytest.mark.parametrize("plot", PLOTS)
def test_limits_that_are_drawn_are_explained(plot: dict[str, Any]) -> None:
    defaults = plot["fieldConfig"]["defaults"]
    drawn = defaults["custom"].get("thresholdsStyle", {}).get("mode") == "dashed"
    assert drawn == (plot["type"] == "timeseries" and len(defaults["thresholds"]["steps"]) > 1)


@pytest.mark.parametrize("content", DASHBOARDS.values(), ids=DASHBOARDS)
def test_the_first_line_is_of_numbers_and_full(content: dict[str, Any]) -> None:
    first = [panel for panel in content["panels"] if panel["gridPos"]["y"] == 0]
    assert {panel["type"] for panel in first} == {"stat"}
    assert sum(panel["gridPos"]["w"] for panel in first) == COLUMNS
    assert len({panel["gridPos"]["h"] for panel in first}) == 1


@pytest.mark.parametrize("content", DASHBOARDS.values(), ids=DASHBOARDS)
def test_lines_of_panels_are_full_and_even(content: dict[str, Any]) -> None:
    lines: dict[int, list[dict[str, int]]] = {}
    for panel in content["panels"]:
        lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    for line in lines.values():
        assert sum(place["w"] for place in line) == COLUMNS
        assert len({place["h"] for place in line}) == 1


def test_the_overview_answers_in_its_first_lines() -> None:
    titles = [panel["title"] for panel in DASHBOARDS["overview.json"]["panels"]]
    assert titles[0] == "Where to look"
    assert titles[6:8] == ["Is it the model?", "Is it the infrastructure?"]


def test_storage_latency_is_in_ms_over_a_5_minute_rate() -> None:
    latency = panel("Storage Latency")
    assert latency["fieldConfig"]["defaults"]["unit"] == "ms"
    (target,) = latency["targets"]
    assert target["expr"].startswith("1000 * histogram_avg(")
    assert "[5m]" in target["expr"]


def test_the_deadline_is_drawn_on_the_quantiles() -> None:
    quantiles = panel("Storage latency quantiles")
    steps = quantiles["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.25]
    assert quantiles["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_quality_stands_above_storage_and_the_numbers_above_both() -> None:
    rows = ["Where to look", "Quality: what users get", "Storage: what it costs"]
    heights = [panel(title)["gridPos"]["y"] for title in rows]
    assert heights == sorted(heights)
    assert heights[0] == 0


def test_one_time_axis_refreshing_by_itself() -> None:
    content = DASHBOARDS["recommendation-quality-and-storage.json"]
    assert (content["refresh"], content["time"]) == ("10s", {"from": "now-30m", "to": "now"})
    assert content["graphTooltip"] == 1
    assert not any("timeFrom" in panel or "timeShift" in panel for panel in content["panels"])


def test_deployments_alerts_and_verdicts_are_marked() -> None:
    marks = DASHBOARDS["recommendation-quality-and-storage.json"]["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Annotations & Alerts", "Deployments", "Alerts", "Verdicts"]
    assert all(mark["enable"] for mark in marks)
