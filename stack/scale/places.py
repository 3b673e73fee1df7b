"""The parts of the overlay that are there several times or whose address others need, and where each is."""

from collections.abc import Mapping
from dataclasses import dataclass

KAFKA = ("kafka-1", "kafka-2", "kafka-3")
CASSANDRA = ("cassandra-1", "cassandra-2", "cassandra-3")
RECEIVERS = ("receive-1", "receive-2", "receive-3")
RULERS = ("ruler-1", "ruler-2")
ALERTMANAGERS = ("alertmanager-1", "alertmanager-2", "alertmanager-3")
CONSUMERS = ("consumer-1", "consumer-2")
INGESTS = ("ingest-1", "ingest-2")
AGENTS = ("agent-1", "agent-2")
RECOMMENDERS = ("recommender-1", "recommender-2", "recommender-3")
INBOXES = ("incidents-1", "incidents-2")
SINGLE = ("query", "store", "compactor", "scraper", "jaeger", "collector", "postgresql", "proxy", "minio")

INSTEAD: Mapping[str, tuple[str, ...]] = {
    "prometheus": ("query",),
    "ingest": INGESTS,
    "alertmanager": ALERTMANAGERS,
    "recommender": (*RECOMMENDERS, "proxy"),
    "incidents": (*INBOXES, "proxy"),
}
"""What stands for a part of the single stack, and is waited for instead."""

PARTS = (
    *KAFKA,
    *CASSANDRA,
    *RECEIVERS,
    *RULERS,
    *ALERTMANAGERS,
    *CONSUMERS,
    *INGESTS,
    *AGENTS,
    *RECOMMENDERS,
    *INBOXES,
    *SINGLE,
)

TOPICS = ("whence-traces", "whence-metrics", "whence-span-metrics")
PARTITIONS = 6
COPIES = 3
"""Of each message, span and sample; two have to be written before it counts as stored."""

KAFKA_PORT, CONTROLLER_PORT = 9092, 9093
CQL_PORT, GOSSIP_PORT = 9042, 7000
THANOS_GRPC, THANOS_HTTP, REMOTE_WRITE, CAPNPROTO = 10901, 10902, 19291, 19391
AGENT_PORT = 9090
ALERTMANAGER_PORT, CLUSTER_PORT = 9093, 9094
INGEST_PORT, COLLECTOR_HEALTH, COLLECTOR_METRICS = 4319, 13133, 8888
RECOMMENDER_PORT, INCIDENTS_PORT = 8000, 8010
POSTGRESQL_PORT, PROXY_METRICS = 5432, 8405


@dataclass(frozen=True)
class Places:
    """The host of each part: an address of its own, so that every part has the port it has everywhere."""

    hosts: Mapping[str, str]

    def at(self, part: str, port: int) -> str:
        """`host:port`."""
        return f"{self.hosts[part]}:{port}"

    def all_at(self, parts: tuple[str, ...], port: int) -> list[str]:
        """`host:port` of each."""
        return [self.at(part, port) for part in parts]


def on_loopback(network: str) -> Places:
    """Processes on one machine: addresses such as 127.0.16.1, of which Linux has a whole network."""
    return Places({part: f"{network}.{number}" for number, part in enumerate(PARTS, 1)})


def in_containers() -> Places:
    """Containers, which find each other by name. The shop, in the same network, has a `proxy` too."""
    return Places({part: part for part in PARTS} | {"proxy": "haproxy"})
