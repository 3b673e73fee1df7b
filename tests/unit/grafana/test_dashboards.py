from typing import Any

import pytest

from grafana.dashboards import build_all
from grafana.variables import Variable
from prometheus.names import series
from prometheus.queries import QueryError
from telemetry import instruments

DASHBOARDS = build_all()
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
def test_latency_panels_lead_to_traces(plot: dict[str, Any]) -> None:
    over_time_in_seconds = plot["fieldConfig"]["defaults"]["unit"] == "s" and plot["type"] != "stat"
    assert any(target["exemplar"] for target in plot["targets"]) == over_time_in_seconds
    if over_time_in_seconds:
        assert any("jaeger" in link["url"] for link in plot["fieldConfig"]["defaults"]["links"])


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


def test_deployments_and_alerts_are_marked() -> None:
    marks = DASHBOARDS["recommendation-quality-and-storage.json"]["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Annotations & Alerts", "Deployments", "Alerts"]
    assert all(mark["enable"] for mark in marks)


def test_a_variable_needs_its_label() -> None:
    with pytest.raises(QueryError, match="variable region: recommendation_requests_total has no such label"):
        Variable("region", "Region", series(instruments.RECOMMENDATION_REQUESTS)).render()
