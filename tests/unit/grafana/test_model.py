import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from config import Config
from grafana.dashboards import build_all
from grafana.model import check_dashboards
from grafana.provisioned import check_provisioning
from grafana.strict import FormatError

Change = Callable[[dict[str, Any]], object]


def panel(content: dict[str, Any], title: str) -> dict[str, Any]:
    panels: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in content["panels"]}
    return panels[title]


def latency(content: dict[str, Any]) -> dict[str, Any]:
    return panel(content, "Storage Latency")


def sources(content: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = panel(content, "Share of answers by source")["fieldConfig"]
    return config


@pytest.fixture
def content() -> dict[str, Any]:
    return copy.deepcopy(build_all(Config())["recommendation-quality-and-storage.json"])


def check(content: object) -> None:
    check_dashboards({"some.json": content}, check_provisioning())


def test_what_we_build_passes(content: dict[str, Any]) -> None:
    check(content)
    check(json.loads(json.dumps(content)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: latency(c).update(type="graph"), "graph"),
        (lambda c: latency(c).update(id=22), "panel id 22 comes twice"),
        (lambda c: latency(c).update(id=None), "timeseries.id"),
        (lambda c: latency(c).update(title=""), "title"),
        (lambda c: latency(c)["gridPos"].update(x=1), "overlap"),
        (lambda c: latency(c)["gridPos"].update(w=25), "gridPos.w"),
        (lambda c: latency(c)["gridPos"].update(x=20), "reaches column 32 of 24"),
        (lambda c: latency(c).pop("description"), "description"),
        (lambda c: latency(c).update(targets=[]), "targets"),
        (lambda c: latency(c)["targets"].append(latency(c)["targets"][0]), "refId 'A' comes twice"),
        (lambda c: latency(c)["targets"][0].update(refId="avg"), "refId"),
        (lambda c: latency(c)["targets"][0].update(expr=" "), "expr"),
        (lambda c: latency(c)["targets"][0].update(intervalFactor=2), "intervalFactor"),
        (lambda c: latency(c)["targets"][0]["datasource"].update(uid="prom"), "'prom' of type 'prometheus'"),
        (lambda c: latency(c).update(datasource=None), "datasource"),
        (lambda c: latency(c).update(span=6), "span"),
        (lambda c: latency(c)["fieldConfig"]["defaults"].pop("unit"), "unit"),
        (lambda c: latency(c)["fieldConfig"]["defaults"].update(unit="seconds"), "unit"),
        (lambda c: latency(c)["fieldConfig"]["defaults"]["thresholds"]["steps"].reverse(), "start with null"),
        (
            lambda c: latency(c)["fieldConfig"]["defaults"]["thresholds"]["steps"][0].update(value="null"),
            "value",
        ),
        (lambda c: latency(c)["options"]["legend"].update(calcs=["average"]), "calcs"),
        (lambda c: panel(c, "Storage latency heatmap")["options"].update(calculate=True), "calculate"),
        (lambda c: panel(c, "Storage latency heatmap")["targets"][0].update(format="time_series"), "heatmap"),
        (lambda c: c.update(uid="has spaces"), "uid"),
        (lambda c: c.update(schemaVersion=12), "schemaVersion"),
        (lambda c: c.update(rows=[]), "rows"),
        (lambda c: c["time"].update({"from": "30m"}), "from"),
        (lambda c: c["templating"]["list"][0].update(name="unused"), "no panel uses the variable 'unused'"),
        (lambda c: c["templating"]["list"][0].update(query="label_values(x)"), "query"),
        (lambda c: c["templating"]["list"][0].update(definition="label_values(x, y)"), "defined twice"),
        (lambda c: c["templating"]["list"][0].update(multi=False), "one of its values or any of them"),
        (lambda c: c["templating"]["list"].pop(), "uses the variable 'segment', which is not there"),
        (lambda c: latency(c)["targets"][0].update(instant=True), "either instant or a range"),
        (lambda c: latency(c)["targets"][0].update(instant=True, range=False), "have to be a range"),
        (
            lambda c: panel(c, "Requests")["targets"][0].update(instant=False, range=True),
            "have to be instant",
        ),
        (lambda c: panel(c, "Requests")["options"].update(graphMode="area"), "graphMode"),
        (
            lambda c: panel(c, "Storage latency heatmap")["targets"][0].update(exemplar=True),
            "exemplars would cover a heatmap",
        ),
        (lambda c: c["annotations"]["list"][1].update(useValueForTime=False), "useValueForTime"),
        (lambda c: latency(c).update(transformations=[{"id": "merge"}]), "transformations"),
        (lambda c: sources(c)["overrides"][0]["matcher"].update(id="byRegexp"), "matcher.id"),
        (
            lambda c: sources(c)["overrides"][0]["properties"][0]["value"].update(fixedColor="pink"),
            "fixedColor",
        ),
        (lambda c: sources(c)["overrides"][0]["properties"][0].update(id="colour"), "colour"),
        (lambda c: c["annotations"]["list"][1].pop("expr"), "query.expr: Field required"),
        (lambda c: c["links"][0].update(tags=[]), "needs a url"),
    ],
)
def test_what_grafana_would_not_read_as_meant_is_refused(
    content: dict[str, Any], change: Change, message: str
) -> None:
    change(content)
    with pytest.raises(FormatError) as refused:
        check(content)
    assert message in str(refused.value)
    assert str(refused.value).startswith("some.json: ")
    assert "\n" not in str(refused.value)


def test_two_dashboards_of_one_uid_are_refused(content: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="dashboard uid 'recommendation-quality-and-storage' comes twice"):
        check_dashboards({"a.json": content, "b.json": content}, check_provisioning())
