"""The rules of Grafana 12's alerting file: groups, rules, and the steps by which a rule is evaluated."""

import re
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from grafana.strict import DataSourceRef, NonEmpty, RefId, Strict, Uid, require_unique
from prometheus.needs import Need

EXPRESSION = "__expr__"
Duration = Annotated[str, Field(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$", min_length=2)]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_]\w*$")]


def seconds(text: str) -> int:
    """A duration of hours, minutes and seconds, in seconds."""
    return sum(
        int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in re.findall(r"(\d+)([hms])", text)
    )


class RelativeTimeRange(Strict):
    """Seconds back from the evaluation."""

    from_: Annotated[int, Field(alias="from", ge=0)]
    to: Annotated[int, Field(ge=0)]


class PrometheusModel(Strict):
    """A query for one moment. Grafana takes it as it is: no variable is filled in.

    `needs` is for `make verify`.
    """

    refId: RefId
    datasource: DataSourceRef
    expr: NonEmpty
    instant: Literal[True]
    range: Literal[False]
    editorMode: Literal["code"]
    intervalMs: Annotated[int, Field(gt=0)]
    maxDataPoints: Annotated[int, Field(gt=0)]
    needs: Annotated[Need | None, Field(strict=False)] = None


class Evaluator(Strict):
    """Comparison with one number."""

    type: Literal["gt", "lt"]
    params: Annotated[list[float | int], Field(min_length=1, max_length=1)]


class Operator(Strict):
    """Joins conditions; there is one only."""

    type: Literal["and"]


class Inputs(Strict):
    """Steps a condition reads."""

    params: list[RefId]


class Reducer(Strict):
    """Not applied to an instant query's one value."""

    type: Literal["last"]
    params: Annotated[list[float], Field(max_length=0)]


class Condition(Strict):
    """What a threshold tests, as Grafana's own editor writes it."""

    type: Literal["query"]
    evaluator: Evaluator
    operator: Operator
    query: Inputs
    reducer: Reducer


class ThresholdModel(Strict):
    """Server-side expression: 1 where the input breaches the threshold, else 0."""

    refId: RefId
    type: Literal["threshold"]
    datasource: DataSourceRef
    expression: RefId
    intervalMs: Annotated[int, Field(gt=0)]
    maxDataPoints: Annotated[int, Field(gt=0)]
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=1)]


def _kind(model: object) -> str:
    typed = isinstance(model, ThresholdModel) or (isinstance(model, dict) and "type" in model)
    return "expression" if typed else "query"


StepModel = Annotated[
    Annotated[PrometheusModel, Tag("query")] | Annotated[ThresholdModel, Tag("expression")],
    Discriminator(_kind),
]


class Data(Strict):
    """One step of a rule: a query or an expression on an earlier step."""

    refId: RefId
    relativeTimeRange: RelativeTimeRange
    datasourceUid: NonEmpty
    model: StepModel

    @model_validator(mode="after")
    def _check_model(self) -> "Data":
        if self.model.refId != self.refId or self.model.datasource.uid != self.datasourceUid:
            raise ValueError(f"step {self.refId} and its model disagree on refId or data source")
        if isinstance(self.model, ThresholdModel) != (self.datasourceUid == EXPRESSION):
            raise ValueError(
                f"step {self.refId}: an expression's data source is {EXPRESSION}, a query's is not"
            )
        return self


class Rule(Strict):
    """One alert rule, flat."""

    uid: Uid
    title: Annotated[NonEmpty, Field(max_length=190)]
    condition: RefId
    data: Annotated[list[Data], Field(min_length=2)]
    dashboardUid: Uid
    panelId: Annotated[int, Field(ge=1)]
    noDataState: Literal["OK", "Alerting", "NoData", "KeepLast"]
    execErrState: Literal["OK", "Alerting", "Error", "KeepLast"]
    for_: Annotated[Duration, Field(alias="for")]
    keepFiringFor: Duration
    missing_series_evals_to_resolve: Annotated[int, Field(ge=1)]
    annotations: dict[LabelName, NonEmpty]
    labels: dict[LabelName, NonEmpty]
    isPaused: bool

    @model_validator(mode="after")
    def _check_steps(self) -> "Rule":
        require_unique([step.refId for step in self.data], "refId")
        for index, step in enumerate(self.data):
            earlier = [before.refId for before in self.data[:index]]
            if isinstance(step.model, ThresholdModel) and step.model.expression not in earlier:
                raise ValueError(
                    f"step {step.refId} reads step {step.model.expression!r}, which does not come before it"
                )
        by_ref = {step.refId: step.model for step in self.data}
        if not isinstance(by_ref.get(self.condition), ThresholdModel):
            raise ValueError(f"condition {self.condition!r} is not one of the rule's expressions")
        return self

    @model_validator(mode="after")
    def _check_texts(self) -> "Rule":
        linked = {"__dashboardUid__": self.dashboardUid, "__panelId__": str(self.panelId)}
        if {name: self.annotations.get(name) for name in linked} != linked:
            raise ValueError(
                "annotations __dashboardUid__ and __panelId__ have to repeat dashboardUid and panelId"
            )
        for name in ("summary", "description", "runbook_url"):
            if name not in self.annotations:
                raise ValueError(f"annotation {name} is missing")
        return self


class Group(Strict):
    """Rules evaluated together, at a multiple of 10 s."""

    orgId: Literal[1]
    name: NonEmpty
    folder: NonEmpty
    interval: Duration
    rules: Annotated[list[Rule], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_interval(self) -> "Group":
        if seconds(self.interval) % 10 or not seconds(self.interval):
            raise ValueError(f"interval {self.interval} is not a multiple of 10s")
        return self
