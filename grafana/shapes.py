"""House style of the panel types that grafanalib renders for older Grafanas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana import links, modern
from grafana.panels import Panel, Query, common, modern_panel


@dataclass(frozen=True)
class Column:
    """A table's column: the label or value it shows under a title; `states` colour its texts."""

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None
    steps: modern.Steps = ()
    states: Mapping[str, str] | None = None
    data_links: Sequence[links.Link] = ()


def bars(
    id: int,
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    maximum: float,
    minimum: float = 0,
    decimals: int | None = None,
    base: str = "",
    steps: modern.Steps = (),
    width: int = 6,
    height: int = 8,
) -> Panel:
    """One horizontal bar for each series, as it is now; in the colours of `steps` if there is a `base`."""
    field: dict[str, object] = {"unit": unit, "min": minimum, "max": maximum, "noValue": "no data"}
    field |= {"decimals": decimals} if decimals is not None else {}
    field["color"] = {"mode": "thresholds" if base else "palette-classic"}
    field |= {"thresholds": modern.thresholds(steps, base)} if base else {}
    return modern_panel(
        "bargauge", modern.BARS, field, common(id, title, description, [query], width, height)
    )


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
    shared = common(id, title, description, [query], width, height, "heatmap")
    return modern_panel("heatmap", modern.heatmap(unit), field, shared)


def timeline(
    id: int,
    title: str,
    description: str,
    query: Query,
    *,
    states: Mapping[int, tuple[str, str]],
    width: int = 12,
    height: int = 8,
) -> Panel:
    """One band for each series; `states` show whole numbers as (text, colour)."""
    field = {
        "unit": "none",
        "color": {"mode": "thresholds"},
        "mappings": modern.mappings(states),
        "custom": modern.TIMELINE_FIELD,
    }
    shared = common(id, title, description, [query], width, height)
    return modern_panel("state-timeline", modern.TIMELINE, field, shared)


def table(
    id: int,
    title: str,
    description: str,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    sort_by: str,
    falling: bool = False,
    hidden: Sequence[str] = (),
    width: int = 12,
    height: int = 8,
) -> Panel:
    """The queries' labels and values as they are now, side by side where labels agree.

    A value's column is called `Value`, or `Value #A`, `Value #B`, … when there are several queries.
    What is no column has to be `hidden`.
    """
    field = {"unit": "none", "noValue": "–", "custom": modern.TABLE_FIELD}
    shared = common(id, title, description, queries, width, height, "table")
    names = {column.name: column.title for column in columns}
    merged = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    shared["transformations"] = [*merged, modern.organized(names, hidden)]
    overrides = [_column(column) for column in columns]
    return modern_panel(
        "table",
        modern.table(sort_by, falling),
        field,
        shared,
        [one for one in overrides if one["properties"]],
    )


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
    if column.data_links:
        given.append(("links", list(column.data_links)))
    return modern.override(column.title, dict(given))
