"""The map: all services and what they depend on, and where it fails."""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import MAP as UID
from grafana.panels import Page, dashboard
from grafana.sections import topology, verdict


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Map",
            "All services and what they depend on, read from their spans: requests, failures, durations.",
            tags=["map"],
            marks=(VERDICTS,),
        ),
        [*topology.numbers(), verdict.verdicts(config), *topology.drawn(), topology.dependencies()],
        config,
    )
