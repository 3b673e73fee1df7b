"""A strict model of Grafana 12's alerting file: what passes loads. One it rejects would stop its start."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from alerts.grafana_model.notifications import ContactPoint, Policy
from alerts.grafana_model.rules import EXPRESSION, Group
from grafana.model import Dashboard
from grafana.provisioned import DataSources
from grafana.strict import FormatError, Strict, parse, require_unique, texts

ENVIRONMENT = ("$INCIDENTS_WEBHOOK_URL", "$WEBHOOK_TOKEN")
"""The only variables the file may use, each as a whole value: any other dollar becomes nothing."""


class AlertingFile(Strict):
    """provisioning/alerting/*.json"""

    apiVersion: Literal[1]
    groups: Annotated[list[Group], Field(min_length=1)]
    contactPoints: Annotated[list[ContactPoint], Field(min_length=1)]
    policies: Annotated[list[Policy], Field(min_length=1, max_length=1)]

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
            if policy.receiver not in [point.name for point in self.contactPoints]:
                raise ValueError(
                    f"the policy names receiver {policy.receiver!r}, which is not a contact point"
                )
        return self


def check_alerting(
    content: object, name: str, sources: DataSources, dashboards: list[Dashboard]
) -> AlertingFile:
    """The file, once it and what it refers to are found right. Raises FormatError."""
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
    for text in texts(content):
        if "$" in text and text not in ENVIRONMENT:
            raise FormatError(
                f"{name}: Grafana would fill in the dollar of {text!r}; only {ENVIRONMENT} may have one"
            )
    return file
