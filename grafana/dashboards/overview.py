"""The page to keep open: what is wrong, whose doing it is, what it costs, what is live."""

from typing import Any

from config import Config
from grafana.links import OVERVIEW as UID
from grafana.panels import Page, dashboard
from grafana.sections import inventory, overview, slo


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Overview",
            "Open incidents, model or infrastructure, error budgets, and what is live.",
            tags=["overview"],
        ),
        [
            *overview.first_look(config),
            *overview.model_or_infrastructure(config),
            *slo.objectives(),
            *slo.alerts(config),
            *inventory.panels(config),
        ],
        config,
    )
