"""House style over grafanalib: every panel has a description, a unit and a fixed id.

grafanalib renders what older Grafanas read: what it lacks is added here, what is obsolete goes in `modern`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from grafanalib import core
from grafanalib._gen import DashboardEncoder

from grafana import annotations, layout, links, modern
from grafana.provisioned import PROMETHEUS
from grafana.variables import Variable

SOURCE = {"type": "prometheus", "uid": PROMETHEUS}
BLUE, GREEN, ORANGE, RED, PURPLE = "blue", "green", "orange", "red", "purple"

Panel: TypeAlias = Any
"""A grafanalib panel; grafanalib has no types."""


@dataclass(frozen=True)
class Query:
    """One PromQL query of a panel; `legend` is a Grafana legend template such as `{{source}}`."""

    expr: str
    legend: str = ""
    exemplars: bool = False


def row(id: int, title: str) -> Panel:
    """A heading over the panels that follow."""
    return core.RowPanel(id=id, title=title, gridPos=_size(layout.COLUMNS, 1))


def text(id: int, title: str, content: str, *, height: int) -> Panel:
    """Words in Markdown."""
    return core.Text(id=id, title=title, content=content, gridPos=_size(layout.COLUMNS, height))


def timeseries(
    id: int,
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    decimals: int | None = None,
    steps: modern.Steps = (),
    stacked: bool = False,
    maximum: int | None = None,
    data_links: Sequence[links.Link] = (),
    width: int = 12,
    height: int = 8,
) -> Panel:
    """Lines over time; `steps` are drawn as dashed lines at their values."""
    return core.TimeSeries(
        **_common(id, title, description, queries, width, height),
        unit=unit,
        valueDecimals=decimals,
        valueMin=0,
        valueMax=maximum,
        fillOpacity=60 if stacked else 8,
        lineWidth=0 if stacked else 2,
        showPoints="never",
        stacking={"mode": "normal" if stacked else "none", "group": "A"},
        thresholdsStyleMode="dashed" if steps else "off",
        legendDisplayMode="table",
        legendCalcs=["lastNotNull", "max"],
        tooltipMode="multi",
        tooltipSort="desc",
        extraJson={
            "fieldConfig": {"defaults": {"links": list(data_links), "thresholds": modern.thresholds(steps)}},
            "options": {"legend": {"showLegend": True}},
        },
    )


def stat(
    id: int,
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    decimals: int | None = None,
    steps: modern.Steps = (),
    base: str = GREEN,
    states: Mapping[int, tuple[str, str]] | None = None,
    no_value: str = "no data",
    data_links: Sequence[links.Link] = (),
    width: int = 3,
    height: int = 4,
) -> Panel:
    """One number and its recent course; `states` show whole numbers as (text, colour), on that colour."""
    return core.Stat(
        **_common(id, title, description, [query], width, height),
        format=unit,
        decimals=decimals,
        color={"mode": "thresholds"},
        colorMode="background" if states else "value",
        graphMode="none" if states else "area",
        mappings=modern.mappings(states or {}),
        noValue=no_value,
        reduceCalc="lastNotNull",
        textMode="value",
        thresholds=[],
        extraJson={
            "fieldConfig": {
                "defaults": {"links": list(data_links), "thresholds": modern.thresholds(steps, base)}
            },
            "options": {"wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard"},
        },
    )


def bars(
    id: int,
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    maximum: float,
    width: int = 6,
    height: int = 8,
) -> Panel:
    """One horizontal bar for each series, as it is now."""
    field = {"unit": unit, "min": 0, "max": maximum, "noValue": "no data"}
    field["color"] = {"mode": "palette-classic"}
    return _modern("bargauge", modern.BARS, field, _common(id, title, description, [query], width, height))


def heatmap(
    id: int,
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    data_links: Sequence[links.Link] = (),
    width: int = 12,
    height: int = 8,
) -> Panel:
    """How a native histogram's observations spread over time."""
    field = {"unit": unit, "custom": modern.HEATMAP_FIELD, "links": list(data_links)}
    common = _common(id, title, description, [query], width, height, "heatmap")
    return _modern("heatmap", modern.heatmap(unit), field, common)


def dashboard(
    uid: str,
    title: str,
    description: str,
    panels: Sequence[Panel],
    *,
    variables: Sequence[Variable],
    tags: Sequence[str],
) -> dict[str, Any]:
    """The dashboard's JSON, panels placed in the order given."""
    layout.arrange(panels)
    rendered = core.Dashboard(
        uid=uid,
        title=title,
        description=description,
        panels=list(panels),
        tags=[links.TAG, *tags],
        refresh="10s",
        time=core.Time("now-30m", "now"),
        timezone="browser",
        graphTooltip=core.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
        schemaVersion=modern.SCHEMA_VERSION,
        version=1,
        links=[links.to_dashboards(), links.to_inbox()],
        annotations=core.Annotations(annotations.all_annotations()),
        templating=core.Templating([variable.render() for variable in variables]),
    )
    content: dict[str, Any] = json.loads(json.dumps(rendered, cls=DashboardEncoder))
    return modern.dashboard(content)


class _Modern(core.Panel):  # type: ignore[misc]
    """A panel type that grafanalib does not render as Grafana 12 reads it; all of it is in `extraJson`."""

    def to_json_data(self) -> dict[str, Any]:
        return dict(self.panel_json({}))


def _modern(kind: str, options: object, field: Mapping[str, object], common: Mapping[str, Any]) -> Panel:
    defaults = {"thresholds": modern.thresholds(()), **field}
    extra = {"type": kind, "options": options, "fieldConfig": {"defaults": defaults}}
    return _Modern(**common, extraJson=extra)


def _common(
    id: int,
    title: str,
    description: str,
    queries: Sequence[Query],
    width: int,
    height: int,
    format: str = "time_series",
) -> dict[str, Any]:
    targets = [
        modern.target(chr(ord("A") + index), SOURCE, query.expr, query.legend, query.exemplars, format)
        for index, query in enumerate(queries)
    ]
    return {
        "id": id,
        "title": title,
        "description": description,
        "dataSource": SOURCE,
        "targets": targets,
        "gridPos": _size(width, height),
        "maxDataPoints": None,
    }


def _size(width: int, height: int) -> Any:
    return core.GridPos(h=height, w=width, x=0, y=0)
