"""House style over grafanalib: every panel has a description, a unit and a fixed id.

grafanalib renders what older Grafanas read: what it lacks is added here, what is obsolete goes in `modern`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from grafanalib import core
from grafanalib._gen import DashboardEncoder

from config import Config
from grafana import annotations, layout, links, modern
from grafana.options import (
    ALWAYS_GREEN,
    HALF,
    NUMBER,
    PLAIN_LINES,
    Heading,
    Levels,
    Lines,
    Query,
    Size,
    Value,
)
from grafana.provisioned import PROMETHEUS
from grafana.variables import Variable
from prometheus.needs import Need

SOURCE = {"type": "prometheus", "uid": PROMETHEUS}
NO_DATA = "no data"

Panel: TypeAlias = Any
"""A grafanalib panel; grafanalib has no types."""


def row(id: int, title: str) -> Panel:
    """A heading over the panels that follow."""
    return core.RowPanel(id=id, title=title, gridPos=_place(Size(layout.COLUMNS, 1)))


def text(id: int, title: str, content: str, *, height: int) -> Panel:
    """Words in Markdown."""
    return core.Text(id=id, title=title, content=content, gridPos=_place(Size(layout.COLUMNS, height)))


def timeseries(
    heading: Heading,
    queries: Sequence[Query],
    value: Value,
    lines: Lines = PLAIN_LINES,
    *,
    no_value: str | None = None,
    data_links: Sequence[links.Link] = (),
    size: Size = HALF,
) -> Panel:
    """Values over time; `no_value` is said when there are none, instead of Grafana's words."""
    return core.TimeSeries(
        **common(heading, queries, size),
        unit=value.unit,
        valueDecimals=value.decimals,
        valueMin=value.minimum,
        valueMax=value.maximum,
        fillOpacity=60 if lines.stacked else 8,
        lineWidth=0 if lines.stacked else 2,
        showPoints="never",
        stacking={"mode": "normal" if lines.stacked else "none", "group": "A"},
        thresholdsStyleMode="dashed" if lines.steps else "off",
        legendDisplayMode="list",
        legendCalcs=["lastNotNull"],
        tooltipMode="multi",
        tooltipSort="desc",
        extraJson={
            "fieldConfig": {
                "defaults": {
                    "links": list(data_links),
                    "thresholds": modern.thresholds(lines.steps),
                    "noValue": no_value,
                },
                "overrides": [modern.fixed_color(name, color) for name, color in lines.colors.items()],
            },
            "options": {"legend": {"showLegend": True}},
        },
    )


def stat(
    heading: Heading,
    query: Query,
    value: Value,
    levels: Levels = ALWAYS_GREEN,
    *,
    data_links: Sequence[links.Link] = (),
    size: Size = NUMBER,
) -> Panel:
    """One number as it is now."""
    field = {"format": value.unit, "decimals": value.decimals, "noValue": NO_DATA}
    return _stat(heading, query, field, levels, data_links, size)


def name(
    heading: Heading,
    query: Query,
    levels: Levels,
    *,
    filled: bool = False,
    no_value: str = NO_DATA,
    data_links: Sequence[links.Link] = (),
    size: Size,
) -> Panel:
    """The legend of whatever there is now, in the colour of its value, or on that colour."""
    field = {"format": "none", "noValue": no_value, "textMode": "name"}
    field |= {"colorMode": "background"} if filled else {}
    return _stat(heading, query, field, levels, data_links, size)


def _stat(
    heading: Heading,
    query: Query,
    field: Mapping[str, object],
    levels: Levels,
    data_links: Sequence[links.Link],
    size: Size,
) -> Panel:
    defaults = {"links": list(data_links), "thresholds": modern.thresholds(levels.steps, levels.base)}
    drawn = {"colorMode": "value", "textMode": "value", **field}
    return core.Stat(
        **common(heading, [query], size, instant=True),
        **drawn,
        color={"mode": "thresholds"},
        graphMode="none",
        mappings=[],
        reduceCalc="lastNotNull",
        thresholds=[],
        extraJson={
            "fieldConfig": {"defaults": defaults},
            "options": {"wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard"},
        },
    )


@dataclass(frozen=True)
class Page:
    """What a dashboard is beside its panels; `marks` are the annotations that are on at first.

    `needs` is what the data of all its panels comes from, where not every stack has it.
    """

    uid: str
    title: str
    description: str
    tags: Sequence[str]
    variables: Sequence[Variable] = ()
    marks: Collection[str] = (annotations.DEPLOYMENTS, annotations.VERDICTS)
    needs: Need | None = None


def dashboard(page: Page, panels: Sequence[Panel], config: Config) -> dict[str, Any]:
    """The dashboard's JSON, panels placed in the order given."""
    layout.arrange(panels)
    rendered = core.Dashboard(
        uid=page.uid,
        title=page.title,
        description=page.description,
        panels=list(panels),
        tags=[*config.tags, *page.tags],
        refresh="10s",
        time=core.Time("now-30m", "now"),
        timezone="browser",
        graphTooltip=core.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
        schemaVersion=modern.SCHEMA_VERSION,
        version=1,
        links=[links.to_dashboards(config), links.to_inbox(config)],
        annotations=core.Annotations(annotations.all_annotations(page.marks)),
        templating=core.Templating([variable.render() for variable in page.variables]),
    )
    content: dict[str, Any] = json.loads(json.dumps(rendered, cls=DashboardEncoder))
    if page.needs:
        for target in (target for panel in content["panels"] for target in panel.get("targets") or ()):
            target["needs"] = page.needs
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
    heading: Heading,
    queries: Sequence[Query],
    size: Size,
    *,
    format: str = "time_series",
    instant: bool = False,
) -> dict[str, Any]:
    """What all panels with queries have; an `instant` query asks for now, any other for all of the time."""
    targets = [
        modern.target(chr(ord("A") + index), SOURCE, query, format, instant)
        for index, query in enumerate(queries)
    ]
    return {
        "id": heading.id,
        "title": heading.title,
        "description": heading.description,
        "dataSource": SOURCE,
        "targets": targets,
        "gridPos": _place(size),
        "maxDataPoints": None,
    }


def _place(size: Size) -> Any:
    return core.GridPos(h=size.height, w=size.width, x=0, y=0)
