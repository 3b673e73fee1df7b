"""Parts that all panels share: place, links, thresholds, how values are shown, queries."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from grafana.strict import DataSourceRef, NonEmpty, RefId, Strict
from prometheus.needs import Need


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
    url: Annotated[str, Field(pattern=r"^(/|https?://)[^\s{]*(\$\{[\w.]+\}[^\s{]*)*$")]
    targetBlank: bool


Unit = Literal[
    "none", "short", "percentunit", "s", "ms", "dtdurations", "bytes", "Bps", "cps", "ops", "reqps"
]
"""Grafana's identifiers of the units in use; one that it does not know is shown as text behind the number."""

Color = Literal["blue", "green", "orange", "red", "purple", "text"]


class Threshold(Strict):
    """A colour from a value up; None is below everything."""

    color: Color
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


class Shown(Strict):
    """What a value is shown as."""

    text: NonEmpty
    color: Color
    index: Annotated[int, Field(ge=0)]


class Mapping(Strict):
    """Values shown as texts in a colour."""

    type: Literal["value"]
    options: Annotated[dict[str, Shown], Field(min_length=1)]


class FieldDefaults(Strict):
    """How values are shown."""

    unit: Unit
    decimals: int | None = None
    min: float | int | None = None
    max: float | int | None = None
    noValue: NonEmpty | None = None
    color: dict[str, str] | None = None
    thresholds: Thresholds
    mappings: list[Mapping] = []
    links: list[Link] = []
    custom: dict[str, Any]


class Matcher(Strict):
    """A field by the name that a person sees."""

    id: Literal["byName"]
    options: NonEmpty


class FixedColor(Strict):
    """A colour that does not depend on the value."""

    mode: Literal["fixed"]
    fixedColor: Color


class CellOptions(Strict):
    """How a table's cell is drawn."""

    type: Literal["auto", "color-text"]


class ColorChange(Strict):
    id: Literal["color"]
    value: FixedColor


class UnitChange(Strict):
    id: Literal["unit"]
    value: Unit


class DecimalsChange(Strict):
    id: Literal["decimals"]
    value: Annotated[int, Field(ge=0)]


class ThresholdsChange(Strict):
    id: Literal["thresholds"]
    value: Thresholds


class MappingsChange(Strict):
    id: Literal["mappings"]
    value: Annotated[list[Mapping], Field(min_length=1)]


class CellChange(Strict):
    id: Literal["custom.cellOptions"]
    value: CellOptions


class WidthChange(Strict):
    id: Literal["custom.width"]
    value: Annotated[int, Field(ge=40)]


class LinksChange(Strict):
    id: Literal["links"]
    value: Annotated[list[Link], Field(min_length=1)]


Change = Annotated[
    ColorChange
    | UnitChange
    | DecimalsChange
    | ThresholdsChange
    | MappingsChange
    | CellChange
    | WidthChange
    | LinksChange,
    Field(discriminator="id"),
]


class Override(Strict):
    """What is different for one field."""

    matcher: Matcher
    properties: Annotated[list[Change], Field(min_length=1)]


class FieldConfig(Strict):
    """How the fields are shown, all and single ones."""

    defaults: FieldDefaults
    overrides: list[Override]


class Target(Strict):
    """One Prometheus query of a panel, asked for now or over time; `needs` is for `make verify`."""

    refId: RefId
    datasource: DataSourceRef
    expr: NonEmpty
    legendFormat: NonEmpty
    format: Literal["time_series", "heatmap", "table"]
    range: bool
    instant: bool
    exemplar: bool
    editorMode: Literal["code"]
    needs: Annotated[Need | None, Field(strict=False)] = None

    @model_validator(mode="after")
    def _check_time(self) -> "Target":
        if self.instant == self.range:
            raise ValueError("a query is either instant or a range")
        return self
