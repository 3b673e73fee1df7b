"""A strict model of Grafana 12's alerting file: what passes loads. One it rejects would stop its start."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from alerts.grafana_model.notifications import ContactPoint, MuteTime, Policy
from alerts.grafana_model.rules import EXPRESSION, Group
from grafana.model import Dashboard
from grafana.provisioned import DataSources
from grafana.strict import FormatError, Strict, parse, require_unique, texts

OURS = frozenset({"$INCIDENTS_WEBHOOK_URL", "$WEBHOOK_TOKEN"})
"""Variables the file may always use, each as a whole value; whence.yaml may name others for its receivers."""


class AlertingFile(Strict):
    """provisioning/alerting/*.json"""

    apiVersion: Literal[1]
    groups: Annotated[list[Group], Field(min_length=1)]
    contactPoints: Annotated[list[ContactPoint], Field(min_length=1)]
    policies: Annotated[list[Policy], Field(min_length=1, max_length=1)]
    muteTimes: list[MuteTime] = []

    @model_validator(mode="after")
    def _check_names(self) -> "AlertingFile":
        require_unique([(group.folder, group.name) for group in self.groups], "group")
        require_unique([rule.uid for group in self.groups for rule in group.rules], "rule uid")
        require_unique(
            [(group.folder, rule.title) for group in self.groups for rule in group.rules], "rule title"
        )
        require_unique([point.name for point in self.contactPoints], "contact point")
        require_unique(
            [receiver.uid for point in self.contactPoints for receiver in point.receivers], "receiver uid"
        )
        for policy in self.policies:
            self._check_policy(policy)
        return self

    def _check_policy(self, policy: Policy) -> None:
        points, muted = {point.name for point in self.contactPoints}, {time.name for time in self.muteTimes}
        routes = [below for route in policy.routes for below in route.walk()]
        for receiver in (policy.receiver, *(route.receiver for route in routes)):
            if receiver not in points:
                raise ValueError(f"the policy names receiver {receiver!r}, which is not a contact point")
        for name in (name for route in routes for name in route.mute_time_intervals):
            if name not in muted:
                raise ValueError(f"the policy names mute time {name!r}, which is not defined")


def check_alerting(
    content: object,
    name: str,
    sources: DataSources,
    dashboards: list[Dashboard],
    secrets: Collection[str] = (),
) -> AlertingFile:
    """The file, once it and what it refers to are found right; `secrets` are variables it may use as well.

    Raises FormatError.
    """
    file = parse(AlertingFile, content, name)
    known = {source.uid for source in sources.datasources} | {EXPRESSION}
    panels = {(dashboard.uid, panel.id) for dashboard in dashboards for panel in dashboard.panels}
    for rule in (rule for group in file.groups for rule in group.rules):
        if (rule.dashboardUid, rule.panelId) not in panels:
            raise FormatError(
                f"{name}: {rule.uid}: dashboard {rule.dashboardUid} has no panel {rule.panelId}"
            )
        for step in rule.data:
            if step.datasourceUid not in known:
                raise FormatError(
                    f"{name}: {rule.uid}: data source {step.datasourceUid!r} is not provisioned"
                )
    allowed = OURS.union(f"${secret}" for secret in secrets)
    for text in texts(content):
        if "$" in text and text not in allowed:
            raise FormatError(
                f"{name}: Grafana would fill in the dollar of {text!r}; only {sorted(allowed)} may have one"
            )
    return file
