"""The panel types in use, each with all of its options. Another type is added here before it can be used."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from grafana.model.parts import Color, FieldConfig, GridPos, Link, Target
from grafana.model.tables import JoinByLabels, Merge, Organize, Sorted, TableOptions
from grafana.strict import DataSourceRef, NonEmpty, Strict, require_unique

Calc = Literal["lastNotNull", "max", "min", "mean"]


class _Placed(Strict):
    id: Annotated[int, Field(ge=1)]
    title: NonEmpty
    gridPos: GridPos


class Row(_Placed):
    """A heading; open, so its panels are listed beside it."""

    type: Literal["row"]
    collapsed: Literal[False]
    panels: Annotated[list[Any], Field(max_length=0)]


class TextOptions(Strict):
    """Markdown only: HTML is stripped by Grafana."""

    mode: Literal["markdown"]
    content: NonEmpty


class Text(_Placed):
    """Words."""

    type: Literal["text"]
    options: TextOptions
    transparent: bool


class _Plot(_Placed):
    _now: ClassVar[bool] = False
    """Whether it shows what is now, or what was over time."""

    description: Annotated[str, Field(min_length=20)]
    datasource: DataSourceRef
    fieldConfig: FieldConfig
    targets: Annotated[list[Target], Field(min_length=1)]
    links: list[Link]
    transparent: bool
    transformations: Annotated[list[Any], Field(max_length=0)]

    @field_validator("targets")
    @classmethod
    def _check_ref_ids(cls, targets: list[Target]) -> list[Target]:
        require_unique([target.refId for target in targets], "refId")
        if any(target.instant != cls._now for target in targets):
            raise ValueError("its queries have to be " + ("instant" if cls._now else "a range"))
        return targets


class Legend(Strict):
    """A legend, with what it computes of each series."""

    showLegend: bool
    displayMode: Literal["table", "list"]
    placement: Literal["bottom", "right"]
    calcs: list[Calc]


class TimeSeriesTooltip(Strict):
    """What hovering shows."""

    mode: Literal["single", "multi", "none"]
    sort: Literal["none", "asc", "desc"]


class TimeSeriesOptions(Strict):
    """Options of a time series panel."""

    legend: Legend
    tooltip: TimeSeriesTooltip


class TimeSeries(_Plot):
    """Lines over time."""

    type: Literal["timeseries"]
    options: TimeSeriesOptions


class ReduceOptions(Strict):
    """How a series becomes one number."""

    calcs: Annotated[list[Calc], Field(min_length=1, max_length=1)]
    fields: Literal[""]
    values: Literal[False]


class StatOptions(Strict):
    """Options of a stat panel."""

    textMode: Literal["auto", "value", "value_and_name", "name", "none"]
    colorMode: Literal["value", "background", "background_solid", "none"]
    graphMode: Literal["none"]
    justifyMode: Literal["auto", "center"]
    orientation: Literal["auto", "horizontal", "vertical"]
    wideLayout: bool
    showPercentChange: bool
    percentChangeColorMode: Literal["standard", "inverted", "same_as_value"]
    reduceOptions: ReduceOptions


class Stat(_Plot):
    """One number."""

    _now: ClassVar[bool] = True
    type: Literal["stat"]
    options: StatOptions


class BarOptions(Strict):
    """Options of a bar gauge."""

    displayMode: Literal["basic", "gradient", "lcd"]
    orientation: Literal["auto", "horizontal", "vertical"]
    valueMode: Literal["color", "text", "hidden"]
    showUnfilled: bool
    namePlacement: Literal["auto", "top", "left", "hidden"]
    sizing: Literal["auto", "manual"]
    minVizWidth: int
    minVizHeight: int
    maxVizHeight: int
    reduceOptions: ReduceOptions
    legend: Legend


class Bars(_Plot):
    """One bar for each series."""

    _now: ClassVar[bool] = True
    type: Literal["bargauge"]
    options: BarOptions


class HeatmapOptions(Strict):
    """Options of a heatmap; `calculate` would count native buckets again."""

    calculate: Literal[False]
    cellGap: int
    cellValues: dict[str, Any]
    color: dict[str, Any]
    exemplars: dict[str, str]
    filterValues: dict[str, float]
    legend: dict[str, bool]
    rowsFrame: dict[str, str]
    showValue: Literal["never", "auto", "always"]
    tooltip: dict[str, Any]
    yAxis: dict[str, Any]


class Heatmap(_Plot):
    """A distribution over time; its queries have to be asked as heatmaps."""

    type: Literal["heatmap"]
    options: HeatmapOptions

    @field_validator("targets")
    @classmethod
    def _check_format(cls, targets: list[Target]) -> list[Target]:
        if [target.format for target in targets] != ["heatmap"]:
            raise ValueError("a heatmap takes one query, of format heatmap")
        if targets[0].exemplar:
            raise ValueError("exemplars would cover a heatmap")
        return targets


class TimelineOptions(Strict):
    """Options of a state timeline."""

    alignValue: Literal["left", "center", "right"]
    mergeValues: bool
    perPage: Annotated[int, Field(ge=0)]
    rowHeight: Annotated[float, Field(gt=0, le=1)]
    showValue: Literal["never", "auto", "always"]
    legend: Legend
    tooltip: TimeSeriesTooltip


class Timeline(_Plot):
    """States over time, one band for each series."""

    type: Literal["state-timeline"]
    options: TimelineOptions


class Table(_Plot):
    """Labels and values as they are now."""

    _now: ClassVar[bool] = True
    type: Literal["table"]
    options: TableOptions
    transformations: list[Annotated[Merge | Organize, Field(discriminator="id")]]

    @model_validator(mode="after")
    def _check_columns(self) -> "Table":
        *merge, organize = self.transformations
        if not isinstance(organize, Organize) or len(merge) != (len(self.targets) > 1):
            raise ValueError("a table organizes its fields, after merging those of several queries")
        titles = set(organize.options.renameByName.values())
        for override in self.fieldConfig.overrides:
            if override.matcher.options not in titles:
                raise ValueError(f"there is no column {override.matcher.options!r}")
        for sort in self.options.sortBy:
            if sort.displayName not in titles:
                raise ValueError(f"cannot sort by {sort.displayName!r}, which is no column")
        if any(target.format != "table" for target in self.targets):
            raise ValueError("a table's queries are of format table")
        return self


class ColumnOptions(Strict):
    """Options of a bar chart."""

    xField: NonEmpty
    orientation: Literal["auto", "horizontal", "vertical"]
    xTickLabelRotation: Annotated[int, Field(ge=-90, le=90)]
    xTickLabelMaxLength: Annotated[int, Field(ge=1)]
    xTickLabelSpacing: int
    showValue: Literal["never", "auto", "always"]
    stacking: Literal["none", "normal", "percent"]
    groupWidth: Annotated[float, Field(gt=0, le=1)]
    barWidth: Annotated[float, Field(gt=0, le=1)]
    barRadius: Annotated[float, Field(ge=0, le=0.5)]
    fullHighlight: bool
    legend: Legend
    tooltip: TimeSeriesTooltip


class Columns(_Plot):
    """A group of bars for each row of a table: one bar for each query."""

    _now: ClassVar[bool] = True
    type: Literal["barchart"]
    options: ColumnOptions
    transformations: list[Annotated[Merge | Organize | Sorted, Field(discriminator="id")]]

    @model_validator(mode="after")
    def _check_fields(self) -> "Columns":
        _, organize, order = self.transformations
        if not isinstance(organize, Organize) or not isinstance(order, Sorted):
            raise ValueError("a bar chart merges the fields of its queries, organizes and sorts them")
        titles = set(organize.options.renameByName.values())
        for field in (self.options.xField, order.options.sort[0].field):
            if field not in titles:
                raise ValueError(f"there is no field {field!r}")
        if any(target.format != "table" for target in self.targets):
            raise ValueError("a bar chart's queries are of format table")
        return self


class Arc(Strict):
    """A part of the ring around a node: the field with its share (0–1), and its colour."""

    field: Annotated[str, Field(pattern=r"^arc__[a-z]+$")]
    color: Color


class EdgeOptions(Strict):
    """Words behind the numbers of edges."""

    mainStatUnit: NonEmpty
    secondaryStatUnit: NonEmpty


class NodeOptions(EdgeOptions):
    """The same of nodes, and their rings."""

    arcs: Annotated[list[Arc], Field(min_length=1)]


class NodeGraphOptions(Strict):
    """Options of a node graph."""

    nodes: NodeOptions
    edges: EdgeOptions
    layoutAlgorithm: Literal["layered", "force", "grid"]
    zoomMode: Literal["cooperative", "greedy"]


class NodeGraph(_Plot):
    """Nodes and edges now. Which frame is which it tells by the fields: edges have a `source`."""

    _now: ClassVar[bool] = True
    type: Literal["nodeGraph"]
    options: NodeGraphOptions
    transformations: Annotated[list[JoinByLabels], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _check_frames(self) -> "NodeGraph":
        nodes, edges = (set(join.options.join) for join in self.transformations)
        if "id" not in nodes or "source" in nodes or not {"id", "source", "target"} <= edges:
            raise ValueError("nodes need the field id, edges id, source and target")
        if any(target.format != "time_series" for target in self.targets):
            raise ValueError("a node graph's queries are of format time_series: tables have no labels")
        joined = [join.filter.options for join in self.transformations]
        if joined != [target.refId for target in self.targets]:
            raise ValueError("a node graph joins the series of each of its queries")
        return self


Panel = Annotated[
    Row | Text | TimeSeries | Stat | Bars | Columns | Heatmap | Timeline | Table | NodeGraph,
    Field(discriminator="type"),
]
