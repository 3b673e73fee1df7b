"""Jaeger's configuration with its spans in Cassandra instead of badger."""

from pathlib import Path
from typing import Any

import yaml

from stack.scale.entries import Entry, given, healthy
from stack.scale.overlay import Overlay
from stack.scale.places import CASSANDRA, COPIES, CQL_PORT, Places

DATACENTER = "datacenter1"
"""The only one there is with Cassandra's SimpleSnitch."""


def write_jaeger(single: Path, places: Places) -> str:
    """config.yaml of the overlay, from the single stack's; what it has from the environment stays so."""
    document: dict[str, Any] = yaml.safe_load(single.read_text())
    document["extensions"]["jaeger_storage"]["backends"]["spans"] = {"cassandra": _cassandra(places)}
    return yaml.safe_dump(document, sort_keys=False)


def _cassandra(places: Places) -> dict[str, Any]:
    retention = "${env:JAEGER_RETENTION:-48h}"
    return {
        "schema": {
            "keyspace": "whence",
            "create": True,
            "datacenter": DATACENTER,
            "replication_factor": COPIES,
            "trace_ttl": retention,
            "dependencies_ttl": retention,
            "compaction_window": "2h",
        },
        "connection": {
            "servers": [places.hosts[node] for node in CASSANDRA],
            "port": CQL_PORT,
            "local_dc": DATACENTER,
            "timeout": "10s",
            "reconnect_interval": "5s",
            "tls": {"insecure": True},
        },
        "index": {"tags": True, "process_tags": False, "logs": False},
        "query": {
            "timeout": "10s",
            "max_retry_attempts": 3,
            "consistency": "LOCAL_QUORUM",  # of three copies: what is acknowledged survives any one node
        },
    }


def move_to_cassandra(overlay: Overlay, jaeger: Entry) -> None:
    """Changes the single stack's process."""
    jaeger["command"] = f"exec jaeger --config {overlay.folders.settings / 'jaeger.yaml'}"
    jaeger["environment"] += given({"OTEL_TRACES_SAMPLER": "always_off"})  # of its own work, in vain
    jaeger["depends_on"] = healthy(CASSANDRA)
