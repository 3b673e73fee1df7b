"""The two tiers of collectors: the edge writes to Kafka, consumers read from there."""

from stack.scale.entries import Entry, answers, completed, given, healthy
from stack.scale.kafka import SETUP, brokers
from stack.scale.overlay import Overlay
from stack.scale.places import (
    AGENT_PORT,
    AGENTS,
    COLLECTOR_HEALTH,
    COLLECTOR_METRICS,
    CONSUMERS,
    INGEST_PORT,
    INGESTS,
)

PROGRAM = "otelcol-whence-scale"
"""The one that knows Kafka."""


def move_to_kafka(overlay: Overlay, collector: Entry) -> None:
    """Makes the single stack's process the edge."""
    command = collector["command"].replace("otelcol-whence", PROGRAM)
    collector["command"] = f"{command} --config {overlay.folders.deploy}/edge.yaml"
    collector["environment"] += given(brokers(overlay.places))
    collector["depends_on"] = completed(SETUP)


def run_consumer(overlay: Overlay, name: str) -> Entry:
    """A consumer, which sends to an ingest and an agent of its own."""
    number, places = CONSUMERS.index(name), overlay.places
    ingest = INGESTS[number]
    return {
        "command": f"exec {PROGRAM} --config {overlay.folders.deploy}/consumer.yaml",
        "environment": given(
            brokers(places),
            {
                "CONSUMER": name,
                "BIND_HOST": places.hosts[name],
                "COLLECTOR_HEALTH_PORT": COLLECTOR_HEALTH,
                "COLLECTOR_METRICS_PORT": COLLECTOR_METRICS,
                "COLLECTOR_QUEUE_DIR": overlay.folders.kept(name),
                "INGEST_URL": f"http://{places.at(ingest, INGEST_PORT)}",
                "PROMETHEUS_URL": f"http://{places.at(AGENTS[number], AGENT_PORT)}",
                "GOGC": 100,
                "GOMEMLIMIT": "176MiB",
            },
        ),
        "readiness_probe": answers(places.at(name, COLLECTOR_HEALTH), "/"),
        "depends_on": healthy([ingest, "jaeger"]) | completed(SETUP),
    }
