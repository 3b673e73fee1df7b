"""Parts that all panels share: place, links, thresholds, how values are shown, queries."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from grafana.strict import DataSourceRef, NonEmpty, RefId, Strict


class GridPos(Strict):
    """A place on the grid of 24 columns; heights are units of 30 pixels."""

    x: Annotated[int, Field(ge=0, le=23)]
    y: Annotated[int, Field(ge=0)]
    w: Annotated[int, Field(ge=1, le=24)]
    h: Annotated[int, Field(ge=1, le=40)]

    @model_validator(mode="after")
    def _check_width(self) -> "GridPos":
        if self.x + self.w > 24:
            raise ValueError(f"reaches column {self.x + self.w} of 24")
        return self

    def overlaps(self, other: "GridPos") -> bool:
        """True when the two share a cell."""
        apart = self.x + self.w <= other.x or other.x + other.w <= self.x
        return not (apart or self.y + self.h <= other.y or other.y + other.h <= self.y)


class Link(Strict):
    """A data link; `${__from}`, `${__to}` and variables are filled by Grafana."""

    title: NonEmpty
    url: Annotated[str, Field(pattern=r"^(/|https?://)[^\s{]*(\$\{\w+\}[^\s{]*)*$")]
    targetBlank: bool


class Threshold(Strict):
    """A colour from a value up; None is below everything."""

    color: Literal["blue", "green", "orange", "red", "purple"]
    value: float | int | None


class Thresholds(Strict):
    """Colours by value, the first one without bound, the rest rising."""

    mode: Literal["absolute"]
    steps: Annotated[list[Threshold], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_order(self) -> "Thresholds":
        first, *rest = [step.value for step in self.steps]
        values = [value for value in rest if value is not None]
        if first is not None or len(values) < len(rest) or values != sorted(values):
            raise ValueError("threshold steps have to start with null and then rise")
        return self


class FieldDefaults(Strict):
    """How values are shown."""

    unit: NonEmpty
    decimals: int | None = None
    min: float | int | None = None
    max: float | int | None = None
    noValue: NonEmpty | None = None
    color: dict[str, str] | None = None
    thresholds: Thresholds
    mappings: list[dict[str, Any]] = []
    links: list[Link] = []
    custom: dict[str, Any]


class FieldConfig(Strict):
    """`overrides` are not in use."""

    defaults: FieldDefaults
    overrides: Annotated[list[Any], Field(max_length=0)]


class Target(Strict):
    """One Prometheus query of a panel."""

    refId: RefId
    datasource: DataSourceRef
    expr: NonEmpty
    legendFormat: NonEmpty
    format: Literal["time_series", "heatmap"]
    range: Literal[True]
    instant: Literal[False]
    exemplar: bool
    editorMode: Literal["code"]
