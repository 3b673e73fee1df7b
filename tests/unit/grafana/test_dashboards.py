import json
import re
from typing import Any

import pytest

from config import Config
from grafana.dashboards import build_all
from grafana.layout import COLUMNS

DASHBOARDS = build_all(Config())
DURATIONS = (
    r"storage_operation_(duration|first_byte)|http_server_request_duration|recommendation_duration"
    r"|traces_span_metrics_duration|gen_ai_client_operation"
)
PLOTS = {
    f"{content['uid']}/{panel['title']}": panel
    for content in DASHBOARDS.values()
    for panel in content["panels"]
    if panel["type"] not in ("row", "text")
}


def panel(title: str) -> dict[str, Any]:
    content = DASHBOARDS["recommendation-quality-and-storage.json"]
    panels: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in content["panels"]}
    return panels[title]


def test_every_panel_says_what_good_looks_like() -> None:
    assert [name for name, plot in PLOTS.items() if "Good: " not in plot["description"]] == []


def test_latency_panels_show_exemplars_and_lead_to_traces() -> None:
    """But no heat map shows exemplars, which would cover it."""
    for name, plot in PLOTS.items():
        asked = " ".join(target["expr"] for target in plot["targets"])
        spread = "histogram_quantile(" in asked or plot["type"] == "heatmap"
        of_latency = plot["type"] in ("timeseries", "heatmap") and spread and re.search(DURATIONS, asked)
        if of_latency:
            links = plot["fieldConfig"]["defaults"]["links"]
            assert any("jaeger" in link["url"] for link in links), name
        exemplars = any(target["exemplar"] for target in plot["targets"])
        assert exemplars == bool(of_latency and plot["type"] == "timeseries"), name


def test_lines_have_a_legend_that_is_a_list_with_last_values() -> None:
    """A table would show two and a half of its rows."""
    for name, plot in PLOTS.items():
        if plot["type"] == "timeseries":
            legend = plot["options"]["legend"]
            assert (legend["displayMode"], legend["calcs"]) == ("list", ["lastNotNull"]), name
            assert all(target["legendFormat"] != "__auto" for target in plot["targets"]), name


def test_limits_that_are_drawn_are_explained() -> None:
    for name, plot in PLOTS.items():
        defaults = plot["fieldConfig"]["defaults"]
        drawn = defaults["custom"].get("thresholdsStyle", {}).get("mode") == "dashed"
        assert drawn == (plot["type"] == "timeseries" and len(defaults["thresholds"]["steps"]) > 1), name


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


@pytest.mark.parametrize("content", DASHBOARDS.values(), ids=DASHBOARDS)
def test_annotations_are_marks_and_not_regions(content: dict[str, Any]) -> None:
    """Grafana joins consecutive samples of a query to a region, but not those that name one time."""
    own, *marks = content["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Deployments", "Alerts", "Verdicts"]
    assert all(mark["useValueForTime"] and mark["expr"].startswith("1000 * ") for mark in marks)
    assert own["builtIn"]


@pytest.mark.parametrize(
    ("dashboard", "on"),
    [
        ("overview", ["Deployments", "Verdicts"]),
        ("recommendation-quality-and-storage", ["Deployments", "Verdicts"]),
        ("model-and-data", ["Deployments", "Verdicts"]),
        ("service", ["Verdicts"]),
        ("map", ["Verdicts"]),
        ("object-storage", ["Verdicts"]),
        ("pipeline-health", []),
        ("process-and-host", []),
    ],
)
def test_annotations_are_on_where_they_help(dashboard: str, on: list[str]) -> None:
    _, *marks = DASHBOARDS[f"{dashboard}.json"]["annotations"]["list"]
    assert [mark["name"] for mark in marks if mark["enable"]] == on


STATS = {name: plot for name, plot in PLOTS.items() if plot["type"] == "stat"}


def test_a_number_does_not_lie_on_a_graph() -> None:
    for name, plot in STATS.items():
        assert plot["options"]["graphMode"] == "none", name
        assert all(target["instant"] for target in plot["targets"]), name


def test_what_says_well_looks_at_alerts_and_incidents() -> None:
    well = {
        name: plot
        for name, plot in STATS.items()
        if re.search(r"\bwell\b", json.dumps(plot).replace("well below", ""), re.IGNORECASE)
    }
    assert well
    for name, plot in well.items():
        (target,) = plot["targets"]
        assert 'ALERTS{alertstate="firing", severity="critical"}' in target["expr"], name
        assert "incident_open" in target["expr"], name
        assert plot["fieldConfig"]["defaults"]["noValue"] == "Unknown", name
        unknown, *_ = plot["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert unknown["color"] != "green", name


def test_something_says_well() -> None:
    found = [plot["title"] for plot in STATS.values() if "All well" in json.dumps(plot)]
    assert found == ["Where to look", "Where to look"]


def test_panels_follow_the_configuration() -> None:
    config = Config.model_validate(
        {
            "storage": {"deadline": "120ms"},
            "tags": ["mine"],
            "urls": {"incidents": "https://inbox.example.org"},
        }
    )
    content = build_all(config)["recommendation-quality-and-storage.json"]
    assert content["tags"][0] == "mine"
    assert content["links"][1]["url"] == "https://inbox.example.org/"
    panels = {panel["title"]: panel for panel in content["panels"]}
    quantiles = panels["Storage latency quantiles"]
    assert [step["value"] for step in quantiles["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        None,
        0.12,
    ]
    assert "the deadline of 120 ms" in quantiles["description"]
    assert "After 120 ms without storage" in panels["How to read this"]["options"]["content"]


PANELS_OF_A_MODEL = [
    panel for panel in DASHBOARDS["model.json"]["panels"] if panel["type"] not in ("row", "stat")
]


@pytest.mark.parametrize("plot", PANELS_OF_A_MODEL, ids=lambda plot: plot["title"])
def test_a_panel_of_a_model_says_why_it_is_empty(plot: dict[str, Any]) -> None:
    """A regressor has no calibration, a model without segments no shares of them."""
    always = "What is not watched"
    words = plot["fieldConfig"]["defaults"].get("noValue", "")
    assert plot["title"] == always or words not in ("", "no data")


def test_r14_versions_and_data_sets_are_chosen_and_compared_side_by_side() -> None:
    content = DASHBOARDS["model-and-data.json"]
    chosen = {variable["name"] for variable in content["templating"]["list"]}
    assert {"model_version", "dataset_id", "segment"} <= chosen
    (numbers,) = [panel for panel in content["panels"] if panel["title"] == "Versions in numbers"]
    shown = json.dumps(numbers)
    for column in (
        "Requests",
        "p50",
        "p95",
        "Cost of a million",
        "Hit rate",
        "Thumbs up",
        "Items shown",
        "Drift",
    ):
        assert f'"{column}"' in shown
    assert all("$model_version" in target["expr"] for target in numbers["targets"])


def test_r15_the_shadow_has_a_row_that_leads_to_traces_with_both_answers() -> None:
    panels = {panel["title"]: panel for panel in DASHBOARDS["model-and-data.json"]["panels"]}
    (link,) = panels["Agreement by segment"]["fieldConfig"]["defaults"]["links"]
    assert "shadow_answer" in link["url"] and "shadow.difference" in link["url"]
    assert "shadow_rank_biased_overlap" in panels["Rank-biased overlap by segment"]["targets"][0]["expr"]
