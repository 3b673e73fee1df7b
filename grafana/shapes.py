"""House style of the panel types that grafanalib renders for older Grafanas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana import links, modern
from grafana.options import GREEN, HALF, RED, Heading, Levels, Query, Size, Steps, Value
from grafana.panels import NO_DATA, Panel, common, modern_panel


@dataclass(frozen=True)
class Column:
    """A table's column: the label or value it shows under a title; `states` colour its texts.

    Columns without a `width`, in pixels, share the room that the others leave.
    """

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None
    steps: Steps = ()
    states: Mapping[str, str] | None = None
    data_links: Sequence[links.Link] = ()
    width: int | None = None


@dataclass(frozen=True)
class Sort:
    """A table's order, by a column's title."""

    by: str
    falling: bool = False


def bars(heading: Heading, query: Query, value: Value, levels: Levels | None = None, *, size: Size) -> Panel:
    """One horizontal bar for each series, as it is now; without levels, each in its own colour."""
    field: dict[str, object] = {"unit": value.unit, "min": 0, "max": value.maximum, "noValue": NO_DATA}
    field |= {"decimals": value.decimals} if value.decimals is not None else {}
    field["color"] = {"mode": "thresholds" if levels else "palette-classic"}
    field |= {"thresholds": modern.thresholds(levels.steps, levels.base)} if levels else {}
    return modern_panel("bargauge", modern.BARS, field, common(heading, [query], size, instant=True))


def columns(
    heading: Heading,
    queries: Mapping[str, str],
    by: tuple[str, str],
    value: Value,
    *,
    no_value: str,
    size: Size = HALF,
) -> Panel:
    """A group of bars, as they are now, for each value of a label, in its order.

    `queries` are by the name of their bars; `by` is the label and its title. There are two or more queries.
    """
    field: dict[str, object] = {"unit": value.unit, "min": value.minimum, "noValue": no_value}
    field |= {
        "decimals": value.decimals,
        "color": {"mode": "palette-classic"},
        "custom": modern.COLUMNS_FIELD,
    }
    shared = common(heading, [*map(Query, queries.values())], size, format="table", instant=True)
    label, title = by
    values = {f"Value #{chr(ord('A') + index)}": name for index, name in enumerate(queries)}
    shared["transformations"] = [
        {"id": "merge", "options": {}},
        modern.organized({label: title, **values}, ()),
        modern.sorted_by(title),
    ]
    return modern_panel("barchart", modern.columns(title), field, shared)


def heatmap(
    heading: Heading, query: Query, *, data_links: Sequence[links.Link] = (), size: Size = HALF
) -> Panel:
    """How a native histogram's observations, in seconds, spread over time."""
    field = {"unit": "s", "custom": modern.HEATMAP_FIELD, "links": list(data_links)}
    return modern_panel(
        "heatmap", modern.heatmap("s"), field, common(heading, [query], size, format="heatmap")
    )


def timeline(
    heading: Heading,
    query: Query,
    states: Mapping[int, tuple[str, str]],
    *,
    no_value: str = NO_DATA,
    data_links: Sequence[links.Link] = (),
    size: Size = HALF,
) -> Panel:
    """One band for each series; `states` show whole numbers as (text, colour)."""
    field = {
        "noValue": no_value,
        "links": list(data_links),
        "unit": "none",
        "color": {"mode": "thresholds"},
        "mappings": modern.mappings(states),
        "custom": modern.TIMELINE_FIELD,
    }
    return modern_panel("state-timeline", modern.TIMELINE, field, common(heading, [query], size))


NODE, EDGE, FIELD = ("id", "title", "subtitle"), ("id", "source", "target"), "stat"
"""Labels of the series of a node graph: those of a node, of an edge, and which field its value is."""

ARCS = {"arc__success": GREEN, "arc__failed": RED}


def node_graph(
    heading: Heading,
    nodes: Query,
    edges: Query,
    main: str,
    secondary: str,
    *,
    data_links: Sequence[links.Link] = (),
    size: Size = HALF,
) -> Panel:
    """Who calls whom, now. Each series is one field of a node or an edge, named by its labels.

    Fields are `mainstat` and `secondarystat`, numbers followed by these words, `arc__success` and
    `arc__failed` (0–1), and `detail__…`, which a click shows with the links of the node.
    https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/node-graph/#data-api
    """
    shared = common(heading, [nodes, edges], size, instant=True)
    shared["transformations"] = [modern.joined("A", FIELD, NODE), modern.joined("B", FIELD, EDGE)]
    overrides = [modern.override("title", {"links": list(data_links)})]
    options = modern.node_graph(ARCS, main, secondary)
    return modern_panel("nodeGraph", options, {"unit": "none"}, shared, overrides)


def table(
    heading: Heading,
    queries: Sequence[Query],
    columns: Sequence[Column],
    sort: Sort,
    *,
    hidden: Sequence[str] = (),
    size: Size = HALF,
) -> Panel:
    """The queries' labels and values as they are now, side by side where labels agree.

    A value's column is called `Value`, or `Value #A`, `Value #B`, … when there are several queries.
    What is no column has to be `hidden`.
    """
    field = {"unit": "none", "noValue": "–", "custom": modern.TABLE_FIELD}
    shared = common(heading, queries, size, format="table", instant=True)
    names = {column.name: column.title for column in columns}
    merged = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    shared["transformations"] = [*merged, modern.organized(names, hidden)]
    overrides = [one for one in map(_column, columns) if one["properties"]]
    return modern_panel("table", modern.table(sort.by, sort.falling), field, shared, overrides)


def _column(column: Column) -> dict[str, object]:
    given: list[tuple[str, object]] = []
    if column.unit:
        given.append(("unit", column.unit))
    if column.decimals is not None:
        given.append(("decimals", column.decimals))
    if column.steps:
        given.append(("thresholds", modern.thresholds(column.steps, "text")))
        given.append(("custom.cellOptions", {"type": "color-text"}))
    if column.states:
        given.append(("mappings", modern.named(column.states)))
        given.append(("custom.cellOptions", {"type": "color-text"}))
    if column.width:
        given.append(("custom.width", column.width))
    if column.data_links:
        given.append(("links", list(column.data_links)))
    return modern.override(column.title, dict(given))
