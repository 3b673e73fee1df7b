"""One service: is it busy, failing, slow, and what is it short of?"""

from typing import Any

from grafana.links import SERVICE as UID
from grafana.panels import dashboard
from grafana.sections import requests, saturation, service


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        UID,
        "Service",
        "Rate, errors and duration of one HTTP service by route, its stages, and what it is short of.",
        [*service.numbers(), *requests.panels(), *service.stages(), *saturation.panels()],
        variables=[service.SERVICE, service.ROUTE],
        tags=["service"],
    )
