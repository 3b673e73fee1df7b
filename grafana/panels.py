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
    colors: Mapping[str, str] | None = None,
    data_links: Sequence[links.Link] = (),
    width: int = 12,
    height: int = 8,
) -> Panel:
    """Lines over time; `steps` are drawn as dashed lines at their values, `colors` are fixed by legend."""
    fixed = [modern.fixed_color(name, color) for name, color in (colors or {}).items()]
    return core.TimeSeries(
        **common(id, title, description, queries, width, height),
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
            "fieldConfig": {
                "defaults": {"links": list(data_links), "thresholds": modern.thresholds(steps)},
                "overrides": fixed,
            },
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
    text_mode: str = "value",
    data_links: Sequence[links.Link] = (),
    width: int = 3,
    height: int = 4,
) -> Panel:
    """One number and its recent course; `states` show whole numbers as (text, colour), on that colour."""
    return core.Stat(
        **common(id, title, description, [query], width, height),
        format=unit,
        decimals=decimals,
        color={"mode": "thresholds"},
        colorMode="background" if states else "value",
        graphMode="none" if states else "area",
        mappings=modern.mappings(states or {}),
        noValue=no_value,
        reduceCalc="lastNotNull",
        textMode=text_mode,
        thresholds=[],
        extraJson={
            "fieldConfig": {
                "defaults": {"links": list(data_links), "thresholds": modern.thresholds(steps, base)}
            },
            "options": {"wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard"},
        },
    )


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
        tags=[*links.TAGS, *tags],
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


def modern_panel(
    kind: str,
    options: object,
    field: Mapping[str, object],
    shared: Mapping[str, Any],
    overrides: Sequence[object] = (),
) -> Panel:
    """A panel of a type that is rendered here; `shared` is from `common`."""
    defaults = {"thresholds": modern.thresholds(()), **field}
    config = {"defaults": defaults, "overrides": list(overrides)}
    return _Modern(**shared, extraJson={"type": kind, "options": options, "fieldConfig": config})


def common(
    id: int,
    title: str,
    description: str,
    queries: Sequence[Query],
    width: int,
    height: int,
    format: str = "time_series",
) -> dict[str, Any]:
    """What all panels with queries have."""
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
