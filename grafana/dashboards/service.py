"""One service: is it busy, failing, slow, and what is it short of?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import SERVICE as UID
from grafana.panels import Page, dashboard
from grafana.sections import requests, saturation, service, topology


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Service",
            "Rate, errors and duration of one HTTP service by route, its dependencies and stages, and what "
            "it is short of.",
            tags=["service"],
            variables=service.variables(config),
            marks=(VERDICTS,),
        ),
        [
            *service.numbers(config),
            *requests.panels(config),
            *topology.of_service(),
            *service.stages(config),
            *saturation.panels(),
        ],
        config,
    )
