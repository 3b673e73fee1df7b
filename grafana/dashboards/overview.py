"""The page to keep open: what is wrong, whose doing it is, what it costs, what is live."""

from typing import Any

from grafana.links import OVERVIEW as UID
from grafana.panels import dashboard
from grafana.sections import inventory, overview, slo


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        UID,
        "Overview",
        "What is wrong, is it the model or the infrastructure, what is left of the error budgets, what is "
        "live.",
        [
            *overview.first_look(),
            *overview.model_or_infrastructure(),
            *slo.objectives(),
            *slo.alerts(),
            *inventory.panels(),
        ],
        variables=[],
        tags=["overview"],
    )
