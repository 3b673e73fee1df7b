"""How a table is drawn, and the transformations that shape it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from grafana.strict import NonEmpty, Strict


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
