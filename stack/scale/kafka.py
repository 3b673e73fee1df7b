"""A Kafka broker's configuration: three in a KRaft quorum, each of them controller too."""

from pathlib import Path

from stack.scale.entries import Entries, Entry, healthy, listens
from stack.scale.overlay import Overlay
from stack.scale.places import CONTROLLER_PORT, COPIES, KAFKA, KAFKA_PORT, PARTITIONS, TOPICS, Places

CLUSTER = "d2hlbmNlLXNjYWxlLWthZg"
"""A name of 16 bytes in base64, as Kafka wants it."""
LARGEST_MESSAGE = 20 * 2**20
"""Above the largest batch of deploy/scale/edge.yaml."""
PARTITION_BYTES = 2**26
"""What a partition keeps: with 18 of them a broker has 1.2 GB at most, and what is older is lost."""
HEAP = "-Xms192m -Xmx384m -XX:MaxDirectMemorySize=96m -Dlog4j2.level=WARN"
COMMAND_HEAP = "-Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.level=WARN"
"""Of commands that end at once."""
SETUP = "kafka-topics"


def write_properties(places: Places, broker: str, data: Path | str) -> str:
    """server.properties of one of the brokers, which keeps its data in a folder."""
    voters = ",".join(f"{number}@{places.at(each, CONTROLLER_PORT)}" for number, each in enumerate(KAFKA, 1))
    plain = f"PLAINTEXT://{places.at(broker, KAFKA_PORT)}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": KAFKA.index(broker) + 1,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{plain},CONTROLLER://{places.at(broker, CONTROLLER_PORT)}",
        "advertised.listeners": plain,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "num.partitions": PARTITIONS,
        "default.replication.factor": COPIES,
        "min.insync.replicas": COPIES - 1,
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": COPIES,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": COPIES,
        "transaction.state.log.min.isr": COPIES - 1,
        "message.max.bytes": LARGEST_MESSAGE,
        "replica.fetch.max.bytes": LARGEST_MESSAGE,
        "log.segment.bytes": 2**25,
        "log.retention.bytes": PARTITION_BYTES,
        "log.retention.hours": 24,
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 2**23,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def run_brokers(overlay: Overlay) -> Entries:
    """The brokers, and what makes the topics once they are there."""
    server = overlay.places.at(KAFKA[0], KAFKA_PORT)
    tool = f"{overlay.java(COMMAND_HEAP, overlay.programs.kafka)} org.apache.kafka.tools.TopicCommand"
    create = f"{tool} --bootstrap-server {server} --create --if-not-exists --topic"
    return {name: _broker(overlay, name) for name in KAFKA} | {
        SETUP: {
            "command": " && ".join(f"{create} {topic}" for topic in TOPICS),
            "availability": {"restart": "on_failure", "backoff_seconds": 3, "max_restarts": 10},
            "depends_on": healthy(KAFKA),
        }
    }


def _broker(overlay: Overlay, name: str) -> Entry:
    properties = overlay.folders.settings / f"{name}.properties"
    storage = f"{overlay.java(COMMAND_HEAP, overlay.programs.kafka)} kafka.tools.StorageTool format"
    return {
        "command": f"{storage} --ignore-formatted --cluster-id {CLUSTER} --config {properties}"
        f" && exec {overlay.java(HEAP, overlay.programs.kafka)} kafka.Kafka {properties}",
        "readiness_probe": listens(overlay.places.at(name, KAFKA_PORT)),
        "shutdown": {"timeout_seconds": 20},
    }


def brokers(places: Places) -> dict[str, str]:
    """Where the collectors find them, as variables."""
    return {f"KAFKA_{number}": places.at(each, KAFKA_PORT) for number, each in enumerate(KAFKA, 1)}
