"""Finds the panel an alert points to, in the dashboards as they are generated."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.spec import Alert
from grafana.dashboards import build_all


@dataclass(frozen=True)
class Placed:
    """An alert with the id of its panel."""

    alert: Alert
    panel_id: int

    def annotations(self, value: str) -> dict[str, str]:
        """Annotations common to both renderings; `value` is the template of the query's value.

        Grafana builds the links of its messages from the two annotations in underscores.
        """
        return {
            **self.alert.words(value),
            "runbook_url": self.alert.runbook_url,
            "__dashboardUid__": self.alert.dashboard,
            "__panelId__": str(self.panel_id),
        }


def place(alerts: Sequence[Alert]) -> list[Placed]:
    """Each alert with its panel. Raises ValueError when a dashboard or a panel is not there."""
    ids = {
        (content["uid"], panel["title"]): panel["id"]
        for content in build_all().values()
        for panel in content["panels"]
    }
    for alert in alerts:
        if (alert.dashboard, alert.panel) not in ids:
            raise ValueError(f"alert {alert.slug}: dashboard {alert.dashboard} has no panel {alert.panel!r}")
    return [Placed(alert, ids[alert.dashboard, alert.panel]) for alert in alerts]


def by_group(alerts: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The alerts by evaluation group, groups in order of their names."""
    names = sorted({placed.alert.group for placed in alerts})
    return {name: [placed for placed in alerts if placed.alert.group == name] for name in names}
