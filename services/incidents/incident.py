"""What an incident is: alerts that fired together, in the form the API gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from diagnosis import Verdict
from telemetry.instruments import SERVICES

Status = Literal["firing", "resolved"]

SEVERITIES = ("info", "warning", "critical")
"""Known severities, mildest first; an unknown one ranks below them all."""

IMPACTS = frozenset({"user", "possible", "none"})
"""Known values of the label `impact`: whether users are affected while the alert fires."""

MARKS = {"DatasourceNoData": "no data", "DatasourceError": "query error"}
"""Names Grafana gives to alerts about a rule that could not be evaluated, and how they are marked."""

STACK = SERVICES | {""}
"""The services of the stack itself; an alert without a service is about the stack, too."""

LEFT_OUT, SENT_START = "__truncatedAlerts__", "__startsAt__"
"""Annotations that the inbox adds: how many alerts were truncated, and a start in the future as sent."""

CONTEXT_BEFORE = timedelta(minutes=15)
"""How much of the time before the first alert is shown and diagnosed."""

MODELS, MODELS_BEFORE = "models", timedelta(minutes=40)
"""The component of alerts on a watched model, and how much of the time before one is diagnosed: labels are
late, and measures are taken over ten minutes.
"""

CONTEXT_AFTER = timedelta(minutes=5)
BEHIND_THE_SCENES = frozenset({"pipeline", "monitoring"})
"""Components that watch: users are not affected by their trouble, where an alert does not say."""

ALERTING_DELAY = timedelta(minutes=2)
"""How long user impact may last before its alert fires."""


@dataclass(frozen=True)
class Window:
    """A span of time to look at."""

    start: datetime
    end: datetime

    def split(self, parts: int) -> "list[Window]":
        """Windows of equal length, one after the other."""
        length = (self.end - self.start) / parts
        return [Window(self.start + n * length, self.start + (n + 1) * length) for n in range(parts)]


class Alert(BaseModel):
    """One firing of one alert. `fingerprint` with `starts_at` says which; the API leaves it out."""

    model_config = ConfigDict(frozen=True)

    fingerprint: Annotated[str, Field(exclude=True)]
    name: str
    status: Status
    severity: str
    starts_at: datetime
    ends_at: datetime | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def mark(self) -> str | None:
        """'no data' or 'query error' when the alert is about its own rule, not what the rule watches."""
        return MARKS.get(self.labels.get("alertname", ""))

    @property
    def summary(self) -> str:
        """What it means, in a sentence."""
        if self.mark == "no data":
            return (
                "The rule's query returned nothing: what it watches is silent, which does not mean healthy."
            )
        if self.mark:
            return "The rule's query failed, so nobody is watching what it watches."
        return self.annotations.get("summary", "")

    @property
    def description(self) -> str:
        """The same at length."""
        return self.annotations.get("description", "")

    @property
    def notes(self) -> list[str]:
        """Sentences on how the alert was sent."""
        notes = []
        if left_out := self.annotations.get(LEFT_OUT):
            notes.append(f"The sender truncated this webhook: {left_out} more alerts are missing here.")
        if start := self.annotations.get(SENT_START):
            notes.append(f"The sender's clock is ahead: it sent {start} as the start; shown is the arrival.")
        return notes

    @property
    def component(self) -> str:
        """The part of the system it concerns."""
        return self.labels.get("component") or self.service

    @property
    def service(self) -> str:
        """The service it concerns; empty if it names none."""
        return self.labels.get("service_name", "")

    @property
    def has_user_impact(self) -> bool:
        """Whether it says that users are affected now: by its label, or else by its severity."""
        if self.mark:
            return False
        impact = self.labels.get("impact")
        if impact in IMPACTS:
            return impact == "user"
        return self.severity == "critical" and self.component not in BEHIND_THE_SCENES

    @property
    def is_slow(self) -> bool:
        """Whether it is about a model that is not the stack's: it may come long after the onset."""
        return self.component == MODELS and self.service not in STACK

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else -1


class Wave(BaseModel):
    """Alerts of an incident that started close together, by name. Those in `user_impact` are on it, and fire.

    Alerts without a service are in `services` as an empty name. `context` is how much of the time before is
    diagnosed.
    """

    started_at: datetime
    alerts: list[str]
    services: Annotated[list[str], Field(exclude=True)]
    user_impact: list[str]
    context: Annotated[timedelta, Field(exclude=True)] = CONTEXT_BEFORE
    verdict: Verdict | None = None


class Incident(BaseModel):
    """Alerts that fired together, oldest first; at least one. `verdict` is the one of its `waves` that
    matters most.
    """

    id: int
    status: Status
    started_at: datetime
    ended_at: datetime | None
    alerts: list[Alert]
    verdict: Verdict | None = None
    waves: list[Wave] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def services(self) -> list[str]:
        """The services that its alerts are about, each once."""
        return sorted({alert.service for alert in self.alerts} - {""})

    @property
    def headline(self) -> Alert:
        """The alert it is named after: the worst, then one with data, then the oldest."""
        return max(self.alerts, key=lambda alert: (alert.rank, alert.mark is None))

    @property
    def firing(self) -> int:
        """How many of its alerts still fire."""
        return sum(alert.status == "firing" for alert in self.alerts)

    def window(self, now: datetime) -> Window:
        """The incident with what came before and after it, never beyond `now`."""
        end = min(self.ended_at + CONTEXT_AFTER, now) if self.ended_at else now
        return Window(self.started_at - CONTEXT_BEFORE, max(end, self.started_at))

    def impact_window(self, now: datetime) -> Window:
        """The time of the user impact."""
        return Window(self.started_at - ALERTING_DELAY, self.ended_at or max(now, self.started_at))
