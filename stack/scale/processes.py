"""The overlay as processes: process-compose.yaml with what is single replaced by what is distributed."""

import copy

from stack.scale.agents import run_agent
from stack.scale.alertmanagers import run_alertmanager
from stack.scale.cassandra import run_nodes
from stack.scale.collectors import move_to_kafka, run_consumer
from stack.scale.entries import Entries, Entry, listens, wait_instead
from stack.scale.jaeger import move_to_cassandra
from stack.scale.kafka import run_brokers
from stack.scale.overlay import Overlay
from stack.scale.places import AGENTS, ALERTMANAGERS, CONSUMERS, INSTEAD, POSTGRESQL_PORT
from stack.scale.proxy import run_proxy
from stack.scale.services import run_services
from stack.scale.thanos import run_thanos

PATIENCE = {"period_seconds": 5, "timeout_seconds": 10, "failure_threshold": 120}
"""Of readiness probes: who fails them so often is killed, and all start at once, on few cores."""


def build(overlay: Overlay, single: Entry) -> Entry:
    """The overlay's process-compose.yaml, of that for one machine."""
    old: Entries = copy.deepcopy(single["processes"])
    new = run_brokers(overlay) | run_nodes(overlay) | run_thanos(overlay) | {"proxy": run_proxy(overlay)}
    new |= {"postgresql": _postgresql(overlay)} if overlay.own_database else {}
    new |= {name: run_alertmanager(overlay, name) for name in ALERTMANAGERS}
    new |= {name: run_agent(overlay, name) for name in (*AGENTS, "scraper")}
    new |= {name: run_consumer(overlay, name) for name in CONSUMERS}
    new |= run_services(overlay, old)
    common = {key: old["minio"][key] for key in ("log_configuration", "availability", "shutdown")}
    new = {name: common | {"log_location": overlay.folders.log(name)} | entry for name, entry in new.items()}
    kept = {name: entry for name, entry in old.items() if name not in INSTEAD}
    for entry in kept.values():
        entry["depends_on"] = wait_instead(entry.get("depends_on", {}))
    move_to_kafka(overlay, kept["collector"])
    move_to_cassandra(overlay, kept["jaeger"])
    for entry in (kept | new).values():
        if "readiness_probe" in entry:
            entry["readiness_probe"] |= PATIENCE
    return single | {"processes": kept | new}


def _postgresql(overlay: Overlay) -> Entry:
    return {
        "command": 'exec "${PYTHON}" -m stack.scale.postgresql',
        "readiness_probe": listens(overlay.places.at("postgresql", POSTGRESQL_PORT)),
        "shutdown": {"signal": 2, "timeout_seconds": 20},
    }
