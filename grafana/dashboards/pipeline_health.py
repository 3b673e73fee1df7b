"""The telemetry itself: does all of it arrive, and if not, where is it lost?"""

from typing import Any

from config import Config
from grafana.links import PIPELINE as UID
from grafana.panels import Page, dashboard
from grafana.sections import backends, pipeline


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Pipeline health",
            "What telemetry is accepted, sent, stored, refused and dropped, and which services are silent.",
            tags=["pipeline"],
            marks=(),
        ),
        [
            *pipeline.numbers(config),
            *pipeline.traces(),
            *pipeline.metrics(),
            *pipeline.senders(),
            *backends.collector(),
            *backends.prometheus(),
            *backends.reachability(),
        ],
        config,
    )
