"""The page to keep open: what is wrong, whose doing it is, what it costs, what is live."""

from typing import Any

from grafana.links import OVERVIEW as UID
from grafana.panels import Page, dashboard
from grafana.sections import inventory, overview, slo


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Overview",
            "Open incidents, model or infrastructure, error budgets, and what is live.",
            tags=["overview"],
        ),
        [
            *overview.first_look(),
            *overview.model_or_infrastructure(),
            *slo.objectives(),
            *slo.alerts(),
            *inventory.panels(),
        ],
    )
