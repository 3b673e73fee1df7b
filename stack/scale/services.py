"""Our own services, several times: as in the single stack but for where they listen and ask."""

import copy
from collections.abc import Mapping

from stack.scale.entries import Entries, Entry, given, healthy, wait_instead
from stack.scale.overlay import Overlay
from stack.scale.places import (
    AGENT_PORT,
    AGENTS,
    INBOXES,
    INCIDENTS_PORT,
    INGEST_PORT,
    INGESTS,
    RECOMMENDER_PORT,
    RECOMMENDERS,
)


def run_services(overlay: Overlay, single: Entries) -> Entries:
    """The replicas of ingest, the recommender and the inbox."""
    new: Entries = {}
    folders = overlay.folders
    for name, agent in zip(INGESTS, AGENTS, strict=True):
        own = {"PROMETHEUS_URL": f"http://{overlay.places.at(agent, AGENT_PORT)}"}
        new[name] = _replica(overlay, single["ingest"], name, "INGEST_PORT", INGEST_PORT, own)
        new[name]["depends_on"] = healthy([agent])
    for number, name in enumerate(RECOMMENDERS, 1):
        own = {"RECOMMENDER_REPLICA": str(number), "RECOMMENDER_SHARED_DIR": f"{folders.run}/{name}"}
        new[name] = _replica(overlay, single["recommender"], name, "RECOMMENDER_PORT", RECOMMENDER_PORT, own)
    for number, name in enumerate(INBOXES, 1):
        own = {"ACCESS_FILE": f"{folders.data}/incidents/access-{number}.jsonl"}
        new[name] = _replica(overlay, single["incidents"], name, "INCIDENTS_PORT", INCIDENTS_PORT, own)
        new[name]["depends_on"] = healthy(["postgresql"] if overlay.own_database else [])
    return new


def _replica(
    overlay: Overlay, single: Entry, name: str, variable: str, port: int, own: Mapping[str, str]
) -> Entry:
    entry, host = copy.deepcopy(single), overlay.places.hosts[name]
    listens = {"BIND_HOST": host, variable: port}
    known = {"OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={name}"}
    before = [each for each in entry.get("environment", ()) if each.partition("=")[0] not in listens]
    entry["environment"] = before + given(listens, own, known)
    entry["readiness_probe"]["http_get"] |= {"host": host, "port": str(port)}
    entry["log_location"] = overlay.folders.log(name)
    entry["depends_on"] = wait_instead(entry.get("depends_on", {}))
    return entry
