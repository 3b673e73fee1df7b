"""How a table is drawn, and the transformations that shape the frames of tables and node graphs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from grafana.strict import NonEmpty, RefId, Strict


class SortBy(Strict):
    """A table's order, by a column's title."""

    displayName: NonEmpty
    desc: bool


class TableOptions(Strict):
    """Options of a table."""

    cellHeight: Literal["sm", "md", "lg"]
    enablePagination: bool
    frameIndex: Literal[0]
    showHeader: bool
    sortBy: list[SortBy]


class Merge(Strict):
    """The results of several queries side by side."""

    id: Literal["merge"]
    options: Annotated[dict[str, Any], Field(max_length=0)]


class Arrangement(Strict):
    """Which fields a table shows, in which order, under which titles."""

    excludeByName: dict[str, Literal[True]]
    includeByName: Annotated[dict[str, Any], Field(max_length=0)]
    indexByName: dict[str, int]
    renameByName: dict[str, NonEmpty]


class Organize(Strict):
    """The transformation that shapes a table."""

    id: Literal["organize"]
    options: Arrangement


class Order(Strict):
    """A field that rows are sorted by."""

    field: NonEmpty
    desc: bool


class SortOptions(Strict):
    """By which field, one only."""

    fields: Annotated[dict[str, Any], Field(max_length=0)]
    sort: Annotated[list[Order], Field(min_length=1, max_length=1)]


class Sorted(Strict):
    """The transformation that sorts rows."""

    id: Literal["sortBy"]
    options: SortOptions


class OfQuery(Strict):
    """The frames of one query."""

    id: Literal["byRefId"]
    options: RefId


class Join(Strict):
    """A row for each value of the labels `join`, a field for each value of the label `value`."""

    value: NonEmpty
    join: Annotated[list[NonEmpty], Field(min_length=1)]


class JoinByLabels(Strict):
    """The transformation that makes one frame of a query's series."""

    id: Literal["joinByLabels"]
    options: Join
    filter: OfQuery
