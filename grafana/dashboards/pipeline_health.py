"""The telemetry itself: does all of it arrive, and if not, where is it lost?"""

from typing import Any

from grafana.links import PIPELINE as UID
from grafana.panels import dashboard
from grafana.sections import backends, pipeline


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        UID,
        "Pipeline health",
        "Whether telemetry arrives: what is accepted, sent, stored, refused and dropped, and who is silent.",
        [
            *pipeline.numbers(),
            *pipeline.traces(),
            *pipeline.metrics(),
            *backends.collector(),
            *backends.prometheus(),
            *backends.reachability(),
        ],
        variables=[],
        tags=["pipeline"],
    )
