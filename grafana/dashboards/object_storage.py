"""Object storage: is it slow, failing or full, is it the server or the network, what does it cost users?"""

from typing import Any

from grafana.links import OBJECT_STORAGE as UID
from grafana.panels import dashboard
from grafana.sections import object_storage, storage_load


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        UID,
        "Object storage",
        "Golden signals of object storage from both ends of the network, and what users get without it.",
        [
            *object_storage.numbers(),
            *object_storage.latency(),
            *storage_load.errors(),
            *storage_load.traffic(),
            *storage_load.fallbacks(),
        ],
        variables=[],
        tags=["storage"],
    )
