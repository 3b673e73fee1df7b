"""Finds the panel an alert points to, in the dashboards as they are generated."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.spec import Alert
from config import Config
from grafana.dashboards import build_all


@dataclass(frozen=True)
class Placed:
    """An alert with the id of its panel and the address of its runbook."""

    alert: Alert
    panel_id: int
    runbook_url: str

    def annotations(self, value: str, worst: str = "") -> dict[str, str]:
        """Annotations common to both renderings; templates of the query's value and of the worst measure.

        Grafana builds the links of its messages from the two annotations in underscores.
        """
        return {
            **self.alert.words(value, worst),
            "runbook_url": self.runbook_url,
            "__dashboardUid__": self.alert.dashboard,
            "__panelId__": str(self.panel_id),
        }


def place(alerts: Sequence[Alert], config: Config) -> list[Placed]:
    """Each alert with its panel and runbook. Raises ValueError when a dashboard or a panel is not there."""
    ids = {
        (content["uid"], panel["title"]): panel["id"]
        for content in build_all(config).values()
        for panel in content["panels"]
    }
    for alert in alerts:
        if (alert.dashboard, alert.panel) not in ids:
            raise ValueError(f"alert {alert.slug}: dashboard {alert.dashboard} has no panel {alert.panel!r}")
    runbooks = f"{config.urls.incidents}/runbooks"
    return [Placed(alert, ids[alert.dashboard, alert.panel], f"{runbooks}/{alert.slug}") for alert in alerts]


def by_group(alerts: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The alerts by evaluation group, groups in order of their names."""
    names = sorted({placed.alert.group for placed in alerts})
    return {name: [placed for placed in alerts if placed.alert.group == name] for name in names}
