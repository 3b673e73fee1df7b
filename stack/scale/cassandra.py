"""A Cassandra node's configuration: three nodes, each of which holds every span."""

from pathlib import Path
from typing import Any

import yaml

from stack.scale.entries import Entries, Entry, listens
from stack.scale.overlay import Overlay
from stack.scale.places import CASSANDRA, CQL_PORT, GOSSIP_PORT, Places

RING = 2**64
"""Tokens, from -2**63."""
HEAP = "-Xms448m -Xmx640m -XX:MaxDirectMemorySize=256m"
SIZES = "jamm-0.4.0.jar"
"""Tells Cassandra how large objects are."""


def write_configuration(places: Places, node: str, data: Path | str) -> str:
    """cassandra.yaml of one of the nodes, which keeps its data in a folder.

    All three are seeds with a token each, so that none has to wait for another when all start empty.
    """
    number = CASSANDRA.index(node)
    settings: dict[str, Any] = {
        "cluster_name": "whence",
        "num_tokens": 1,
        "initial_token": str((2 * number + 1) * RING // (2 * len(CASSANDRA)) - RING // 2),
        "auto_bootstrap": False,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "SimpleSnitch",
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": ",".join(places.all_at(CASSANDRA, GOSSIP_PORT))}],
            }
        ],
        "listen_address": places.hosts[node],
        "rpc_address": places.hosts[node],
        "storage_port": GOSSIP_PORT,
        "native_transport_port": CQL_PORT,
        "data_file_directories": [f"{data}/data"],
        "commitlog_directory": f"{data}/commitlog",
        "hints_directory": f"{data}/hints",
        "saved_caches_directory": f"{data}/saved_caches",
        "cdc_raw_directory": f"{data}/cdc_raw",
        "commitlog_sync": "periodic",
        "commitlog_sync_period": "1000ms",
        "commitlog_segment_size": "16MiB",
        "commitlog_total_space": "128MiB",
        "memtable_heap_space": "64MiB",
        "memtable_offheap_space": "64MiB",
        "file_cache_size": "32MiB",
        "networking_cache_size": "16MiB",
        "key_cache_size": "8MiB",
        "counter_cache_size": "0MiB",
        "concurrent_reads": 8,
        "concurrent_writes": 8,
        "concurrent_counter_writes": 2,
        "concurrent_compactors": 1,
        "compaction_throughput": "16MiB/s",
        "native_transport_max_threads": 32,
        "auto_snapshot": False,
        "incremental_backups": False,
        "max_hints_file_size": "16MiB",
        "read_request_timeout": "10s",
        "range_request_timeout": "10s",
        "write_request_timeout": "5s",
    }
    return yaml.safe_dump(settings, sort_keys=False)


def run_nodes(overlay: Overlay) -> Entries:
    """The nodes."""
    return {name: _node(overlay, name) for name in CASSANDRA}


def _node(overlay: Overlay, name: str) -> Entry:
    folders, jars = overlay.folders, overlay.programs.cassandra
    settings = {
        "cassandra.config": f"file://{folders.settings / name}.yaml",
        "cassandra.storagedir": folders.kept(name),
        "logback.configurationFile": folders.deploy / "logback.xml",
    }
    given = " ".join(f"-D{key}={value}" for key, value in settings.items())
    options = f"@{folders.deploy / 'cassandra.options'} {HEAP} -javaagent:{jars / SIZES} {given}"
    return {
        "command": f"exec {overlay.java(options, jars)} org.apache.cassandra.service.CassandraDaemon",
        "readiness_probe": listens(overlay.places.at(name, CQL_PORT)),
        "shutdown": {"timeout_seconds": 20},
    }
