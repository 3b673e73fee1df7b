"""Object storage: is it slow, failing or full, is it the server or the network, what does it cost users?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import OBJECT_STORAGE as UID
from grafana.panels import Page, dashboard
from grafana.sections import object_storage, storage_load


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Object storage",
            "Golden signals from both ends of the network, and what users get when storage fails.",
            tags=["storage"],
            marks=(VERDICTS,),
        ),
        [
            *object_storage.numbers(config),
            *object_storage.latency(config),
            *storage_load.errors(),
            *storage_load.traffic(config),
            *storage_load.fallbacks(config),
        ],
        config,
    )
