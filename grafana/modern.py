"""The parts of a dashboard's JSON that grafanalib renders for older Grafanas, as Grafana 12 reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafana.options import Query, Steps

SCHEMA_VERSION = 42
"""The last of the format's versions; Grafana 12.3 writes it itself."""

BARS: dict[str, object] = {
    "displayMode": "basic",
    "orientation": "horizontal",
    "valueMode": "text",
    "showUnfilled": True,
    "namePlacement": "auto",
    "sizing": "auto",
    "minVizWidth": 8,
    "minVizHeight": 16,
    "maxVizHeight": 300,
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
}

COLUMNS_FIELD: dict[str, object] = {
    "axisBorderShow": False,
    "axisCenteredZero": False,
    "axisColorMode": "text",
    "axisLabel": "",
    "axisPlacement": "auto",
    "fillOpacity": 80,
    "gradientMode": "none",
    "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    "lineWidth": 0,
    "scaleDistribution": {"type": "linear"},
    "thresholdsStyle": {"mode": "off"},
}

HEATMAP_FIELD: dict[str, object] = {
    "scaleDistribution": {"type": "linear"},
    "hideFrom": {"legend": False, "tooltip": False, "viz": False},
}

ROWS = 20
"""Bands of a timeline on a page."""

TIMELINE: dict[str, object] = {
    "alignValue": "left",
    "mergeValues": True,
    "perPage": ROWS,
    "rowHeight": 0.85,
    "showValue": "auto",
    "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
    "tooltip": {"mode": "single", "sort": "none"},
}

TIMELINE_FIELD: dict[str, object] = {
    "fillOpacity": 75,
    "lineWidth": 0,
    "insertNulls": False,
    "spanNulls": False,
    "hideFrom": {"legend": False, "tooltip": False, "viz": False},
}

TABLE_FIELD: dict[str, object] = {
    "align": "auto",
    "minWidth": 80,
    "cellOptions": {"type": "auto"},
    "filterable": False,
    "inspect": False,
}

_OBSOLETE_IN_DASHBOARD = {"__inputs", "gnetId", "hideControls", "id", "rows", "sharedCrosshair", "style"}
_OBSOLETE_IN_PANEL = {"cacheTimeout", "editable", "error", "height", "hideTimeOverride", "minSpan", "span"}
_KEPT_IN_TEXT = ("id", "type", "title", "gridPos", "options", "transparent")
_KEPT_IN_ROW = ("id", "type", "title", "collapsed", "gridPos", "panels")


def heatmap(unit: str) -> dict[str, object]:
    """Options of a heatmap that draws the buckets as they come, not counting them again."""
    color = {"mode": "scheme", "scheme": "Turbo", "steps": 64, "reverse": False}
    color |= {"scale": "exponential", "exponent": 0.5, "fill": "dark-orange"}
    return {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {},
        "color": color,
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }


def table(sort_by: str, falling: bool) -> dict[str, object]:
    """Options of a table sorted by the column of a title."""
    return {
        "cellHeight": "sm",
        "enablePagination": False,
        "frameIndex": 0,
        "showHeader": True,
        "sortBy": [{"displayName": sort_by, "desc": falling}],
    }


def columns(field: str) -> dict[str, object]:
    """Options of a bar chart with a group of bars for each value of a field."""
    return {
        "xField": field,
        "orientation": "vertical",
        "xTickLabelRotation": -45,
        "xTickLabelMaxLength": 16,
        "xTickLabelSpacing": 0,
        "showValue": "never",
        "stacking": "none",
        "groupWidth": 0.8,
        "barWidth": 0.95,
        "barRadius": 0,
        "fullHighlight": False,
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }


def node_graph(arcs: Mapping[str, str], main: str, secondary: str) -> dict[str, object]:
    """Options of a node graph; `arcs` are colours by field, `main` and `secondary` the words behind numbers.

    It writes them as they are: it does not know Grafana's units.
    """
    units = {"mainStatUnit": main, "secondaryStatUnit": secondary}
    colours = [{"field": field, "color": color} for field, color in arcs.items()]
    return {
        "nodes": {**units, "arcs": colours},
        "edges": units,
        "layoutAlgorithm": "layered",
        "zoomMode": "cooperative",
    }


def joined(ref_id: str, field: str, by: Sequence[str]) -> dict[str, object]:
    """The transformation that makes one table of a query's series: a row for each `by`, fields by `field`.

    Renamed fields keep their name underneath, by which a node graph goes; those made here have the name.
    """
    of = {"id": "byRefId", "options": ref_id}
    return {"id": "joinByLabels", "options": {"value": field, "join": list(by)}, "filter": of}


def organized(names: Mapping[str, str], hidden: Sequence[str]) -> dict[str, object]:
    """The transformation that shows fields in this order under these titles, and not the time."""
    options = {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "includeByName": {},
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": dict(names),
    }
    return {"id": "organize", "options": options}


def sorted_by(title: str) -> dict[str, object]:
    """The transformation that puts rows in the order of a field."""
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": title, "desc": False}]}}


def override(name: str, properties: Mapping[str, object]) -> dict[str, object]:
    """What is different for the field of this name."""
    changes = [{"id": id, "value": value} for id, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": changes}


def fixed_color(name: str, color: str) -> dict[str, object]:
    """A series that always has the same colour."""
    return override(name, {"color": {"mode": "fixed", "fixedColor": color}})


def named(states: Mapping[str, str]) -> list[object]:
    """Texts shown in a colour."""
    options = {
        text: {"text": text, "color": color, "index": index}
        for index, (text, color) in enumerate(states.items())
    }
    return [{"type": "value", "options": options}]


def target(
    ref_id: str, source: Mapping[str, str], query: Query, format: str, instant: bool
) -> dict[str, object]:
    """A query of a panel."""
    return {
        "refId": ref_id,
        "datasource": dict(source),
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "format": format,
        "range": not instant,
        "instant": instant,
        "exemplar": query.exemplars,
        "editorMode": "code",
        **({"needs": query.needs} if query.needs else {}),
    }


def thresholds(steps: Steps, base: str = "green") -> dict[str, object]:
    """Colours by value; `base` holds below the first step."""
    first: list[dict[str, object]] = [{"color": base, "value": None}]
    return {"mode": "absolute", "steps": first + [{"color": color, "value": value} for value, color in steps]}


def mappings(states: Mapping[int, tuple[str, str]]) -> list[object]:
    """Whole numbers shown as (text, colour)."""
    options = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(states.items())
    }
    return [{"type": "value", "options": options}] if options else []


def dashboard(rendered: Mapping[str, Any]) -> dict[str, Any]:
    """grafanalib's dashboard without what is obsolete, and with what it does not know."""
    content = {key: value for key, value in rendered.items() if key not in _OBSOLETE_IN_DASHBOARD}
    content["panels"] = [_panel(panel) for panel in content["panels"]]
    content["timepicker"] = {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]}
    return content | {"preload": False, "liveNow": False, "fiscalYearStartMonth": 0}


def _panel(rendered: Mapping[str, Any]) -> dict[str, Any]:
    if rendered["type"] == "row":
        return {key: rendered[key] for key in _KEPT_IN_ROW}
    panel = _given({key: value for key, value in rendered.items() if key not in _OBSOLETE_IN_PANEL})
    if panel["type"] == "text":
        return {key: panel[key] for key in _KEPT_IN_TEXT}
    defaults = _given(panel["fieldConfig"]["defaults"])
    defaults["custom"] = _given(defaults.get("custom", {}))
    overrides = panel["fieldConfig"].get("overrides") or []
    return panel | {"fieldConfig": {"defaults": defaults, "overrides": overrides}}


def _given(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}
