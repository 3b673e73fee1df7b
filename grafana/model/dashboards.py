"""A whole dashboard: its panels together, its variables, annotations and links."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from grafana.model.panels import Panel, Row, Text
from grafana.modern import SCHEMA_VERSION
from grafana.provisioned import DataSources
from grafana.strict import DataSourceRef, FormatError, NonEmpty, Strict, Uid, parse, require_unique

_VARIABLE = re.compile(r"\$\{?([a-z]\w*)")
"""Grafana's own begin with two underscores."""

Duration = Annotated[str, Field(pattern=r"^[1-9]\d*[smhd]$")]
Moment = Annotated[str, Field(pattern=r"^now(-[1-9]\d*[smhd])?$")]


class VariableQuery(Strict):
    """A query for label values (type 1)."""

    qryType: Literal[1]
    query: NonEmpty
    refId: NonEmpty


class Every(Strict):
    """All of them, until a person chooses."""

    selected: Literal[True]
    text: list[Literal["All"]]
    value: list[Literal["$__all"]]


class One(Strict):
    """The value shown first."""

    selected: Literal[True]
    text: NonEmpty
    value: NonEmpty


class Whichever(Strict):
    """Nothing: Grafana chooses the first there is."""


class Variable(Strict):
    """The values of a label, as a menu."""

    type: Literal["query"]
    name: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    label: NonEmpty
    description: str
    datasource: DataSourceRef
    definition: NonEmpty
    query: VariableQuery
    refresh: Literal[1, 2]
    sort: Annotated[int, Field(ge=0, le=8)]
    regex: str
    includeAll: bool
    allValue: NonEmpty | None = None
    multi: bool
    allowCustomValue: bool
    hide: Literal[0, 1, 2]
    skipUrlSync: bool
    options: Annotated[list[Any], Field(max_length=0)]
    current: Every | One | Whichever

    @model_validator(mode="after")
    def _check_choice(self) -> "Variable":
        every = isinstance(self.current, Every)
        if not self.includeAll == self.multi == every or (self.allValue and not every):
            raise ValueError(
                f"variable {self.name!r} is either one of its values or any of them, all at first"
            )
        if self.query.query != self.definition:
            raise ValueError(f"variable {self.name!r} is defined twice, and not alike")
        return self


class Variables(Strict):
    """templating"""

    list: list[Variable]


class BuiltIn(Strict):
    """Grafana's own annotations: alert states and notes."""

    builtIn: Literal[1]
    datasource: DataSourceRef
    enable: bool
    hide: bool
    iconColor: NonEmpty
    name: NonEmpty
    type: Literal["dashboard"]


class Marks(Strict):
    """Marks at the times that a Prometheus query gives; at the times of its samples they would be regions."""

    datasource: DataSourceRef
    enable: bool
    hide: bool
    iconColor: NonEmpty
    name: NonEmpty
    expr: NonEmpty
    step: Duration
    titleFormat: NonEmpty
    textFormat: str
    tagKeys: str
    useValueForTime: Literal[True]


def _kind(mark: object) -> str:
    own = isinstance(mark, BuiltIn) or (isinstance(mark, dict) and "builtIn" in mark)
    return "built-in" if own else "query"


Annotation = Annotated[
    Annotated[BuiltIn, Tag("built-in")] | Annotated[Marks, Tag("query")], Discriminator(_kind)
]


class Annotations(Strict):
    """annotations"""

    list: Annotated[list[Annotation], Field(min_length=1)]


class DashboardLink(Strict):
    """A link at the top: to the dashboards of a tag, or to an address."""

    title: NonEmpty
    type: Literal["dashboards", "link"]
    icon: Literal["dashboard", "bell", "external link", "doc", "info", "question", "bolt", "cloud"]
    url: str
    tags: list[str]
    asDropdown: bool
    includeVars: bool
    keepTime: bool
    targetBlank: bool
    tooltip: str

    @model_validator(mode="after")
    def _check_target(self) -> "DashboardLink":
        if (self.type == "link") != bool(self.url) or (self.type == "dashboards") != bool(self.tags):
            raise ValueError(f"link {self.title!r} needs a url (type link) or tags (type dashboards)")
        return self


class Time(Strict):
    """The time range shown first."""

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment


class TimePicker(Strict):
    """The refresh menu."""

    refresh_intervals: list[Duration]


class Dashboard(Strict):
    """One file of the dashboards' folder."""

    uid: Uid
    title: NonEmpty
    description: NonEmpty
    tags: Annotated[list[NonEmpty], Field(min_length=1)]
    editable: bool
    graphTooltip: Literal[1, 2]
    refresh: Duration
    time: Time
    timepicker: TimePicker
    timezone: Literal["browser"]
    schemaVersion: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    version: Literal[1]
    preload: bool
    liveNow: bool
    fiscalYearStartMonth: Literal[0]
    links: list[DashboardLink]
    annotations: Annotations
    templating: Variables
    panels: Annotated[list[Panel], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_panels(self) -> "Dashboard":
        require_unique([panel.id for panel in self.panels], "panel id")
        require_unique([panel.title for panel in self.panels], "panel title")
        for one, other in combinations(self.panels, 2):
            if one.gridPos.overlaps(other.gridPos):
                raise ValueError(f"panels {one.title!r} and {other.title!r} overlap")
        return self

    @model_validator(mode="after")
    def _check_variables(self) -> "Dashboard":
        asked = [
            target.expr
            for panel in self.panels
            if not isinstance(panel, Row | Text)
            for target in panel.targets
        ]
        used = set(_VARIABLE.findall(" ".join([*asked, *(v.definition for v in self.templating.list)])))
        names = [variable.name for variable in self.templating.list]
        require_unique(names, "variable")
        for name in names:
            if name not in used:
                raise ValueError(f"no panel uses the variable {name!r}")
        for name in sorted(used - set(names)):
            raise ValueError(f"a panel uses the variable {name!r}, which is not there")
        return self

    def sources(self) -> Iterator[DataSourceRef]:
        """Every data source it asks."""
        for panel in self.panels:
            if not isinstance(panel, Row | Text):
                yield panel.datasource
                yield from (target.datasource for target in panel.targets)
        yield from (variable.datasource for variable in self.templating.list)
        yield from (mark.datasource for mark in self.annotations.list if isinstance(mark, Marks))


def check_dashboards(contents: Mapping[str, object], sources: DataSources) -> list[Dashboard]:
    """The dashboards, once each and all together are right. Raises FormatError naming file and place."""
    dashboards = [parse(Dashboard, content, name) for name, content in contents.items()]
    known = {(source.type, source.uid) for source in sources.datasources}
    for name, dashboard in zip(contents, dashboards, strict=True):
        for source in dashboard.sources():
            if (source.type, source.uid) not in known:
                raise FormatError(
                    f"{name}: data source {source.uid!r} of type {source.type!r} is not provisioned"
                )
    try:
        require_unique([dashboard.uid for dashboard in dashboards], "dashboard uid")
        require_unique([dashboard.title for dashboard in dashboards], "dashboard title")
    except ValueError as error:
        raise FormatError(str(error)) from error
    return dashboards
