"""Machine and processes: what is about to run out, and who uses it?"""

from typing import Any

from config import Config
from grafana.links import RESOURCES as UID
from grafana.panels import Page, dashboard
from grafana.sections import processes, resources


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Process and host",
            "What the machine has left, and what the services and the stack's own parts use.",
            tags=["resources"],
            variables=[resources.SERVICE],
            marks=(),
        ),
        [*resources.numbers(), *resources.host(), *processes.services(), *processes.components()],
        config,
    )
