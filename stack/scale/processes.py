"""The overlay as processes: process-compose.yaml with what is single replaced by what is distributed."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.scale import places as p
from stack.scale.kafka import CLUSTER
from stack.scale.places import Places

Entry = dict[str, Any]
Entries = dict[str, Entry]

INSTEAD: Mapping[str, tuple[str, ...]] = {
    "prometheus": ("query",),
    "ingest": p.INGESTS,
    "alertmanager": p.ALERTMANAGERS,
    "recommender": (*p.RECOMMENDERS, "proxy"),
    "incidents": (*p.INBOXES, "proxy"),
}
"""What stands for a process of the single stack, and is waited for instead."""

KAFKA_HEAP = "-Xms192m -Xmx384m -XX:MaxDirectMemorySize=96m -Dlog4j2.level=WARN"
CASSANDRA_HEAP = "-Xms448m -Xmx640m -XX:MaxDirectMemorySize=256m"
COMMAND_HEAP = "-Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.level=WARN"
"""Of commands that end at once."""
COLLECTOR = "otelcol-whence-scale"
"""The one that knows Kafka."""
SIZES = "jamm-0.4.0.jar"
"""Tells Cassandra how large objects are."""
PATIENCE = {"period_seconds": 2, "timeout_seconds": 3, "failure_threshold": 300}
"""Of readiness probes: who fails them so often is killed, and all start at once, on few cores."""
INDEX_CACHE = "{type: IN-MEMORY, config: {max_size: 32MB, max_item_size: 4MB}}"
LOCAL_BLOCKS = "24h"
"""How long receivers and rulers keep what is in the bucket, too."""


@dataclass(frozen=True)
class Programs:
    """What is not in `data/run/bin`: `java`, `haproxy`, and the folders of jars."""

    java: Path
    kafka: Path
    cassandra: Path
    haproxy: Path


@dataclass(frozen=True)
class Folders:
    """The checkout; what is made anew at each start; what stays."""

    root: Path
    run: Path
    data: Path

    @property
    def settings(self) -> Path:
        """What the overlay's parts are configured by."""
        return self.run / "scale"


@dataclass(frozen=True)
class Overlay:
    """`ports` are those that the single stack and its users know, such as `prometheus_port`, on `host`."""

    places: Places
    folders: Folders
    programs: Programs
    ports: Mapping[str, int]
    host: str
    retention: str
    own_database: bool

    def build(self, single: Entry) -> Entry:
        """The overlay's process-compose.yaml, of that for one machine."""
        old: Entries = copy.deepcopy(single["processes"])
        new = self._kafka() | self._cassandra() | self._thanos() | self._proxy()
        new |= self._postgresql() if self.own_database else {}
        new |= self._alertmanagers() | self._agents() | self._consumers() | self._services(old)
        common = {key: old["minio"][key] for key in ("log_configuration", "availability", "shutdown")}
        new = {name: common | {"log_location": self._log(name)} | entry for name, entry in new.items()}
        kept = {name: entry for name, entry in old.items() if name not in INSTEAD}
        for entry in kept.values():
            entry["depends_on"] = _wait_instead(entry.get("depends_on", {}))
        self._move_to_kafka(kept["collector"])
        self._move_to_cassandra(kept["jaeger"])
        for entry in (kept | new).values():
            if "readiness_probe" in entry:
                entry["readiness_probe"] |= PATIENCE
        return single | {"processes": kept | new}

    def _kafka(self) -> Entries:
        server = self.places.at(p.KAFKA[0], p.KAFKA_PORT)
        tool = f"{self._java(COMMAND_HEAP, self.programs.kafka)} org.apache.kafka.tools.TopicCommand"
        create = f"{tool} --bootstrap-server {server} --create --if-not-exists --topic"
        return {name: self._broker(name) for name in p.KAFKA} | {
            "kafka-topics": {
                "command": " && ".join(f"{create} {topic}" for topic in p.TOPICS),
                "availability": {"restart": "on_failure", "backoff_seconds": 3, "max_restarts": 10},
                "depends_on": _healthy(p.KAFKA),
            }
        }

    def _broker(self, name: str) -> Entry:
        properties = self.folders.settings / f"{name}.properties"
        storage = f"{self._java(COMMAND_HEAP, self.programs.kafka)} kafka.tools.StorageTool format"
        return {
            "command": f"{storage} --ignore-formatted --cluster-id {CLUSTER} --config {properties}"
            f" && exec {self._java(KAFKA_HEAP, self.programs.kafka)} kafka.Kafka {properties}",
            "readiness_probe": _listens(self.places.at(name, p.KAFKA_PORT)),
            "shutdown": {"timeout_seconds": 20},
        }

    def _cassandra(self) -> Entries:
        return {name: self._node(name) for name in p.CASSANDRA}

    def _node(self, name: str) -> Entry:
        options = self.folders.root / "deploy" / "scale" / "cassandra.options"
        settings = {
            "cassandra.config": f"file://{self.folders.settings / name}.yaml",
            "cassandra.storagedir": self._data(name),
            "logback.configurationFile": self.folders.root / "deploy" / "scale" / "logback.xml",
        }
        given = " ".join(f"-D{key}={value}" for key, value in settings.items())
        agent = f"-javaagent:{self.programs.cassandra / SIZES}"
        java = self._java(f"@{options} {CASSANDRA_HEAP} {agent} {given}", self.programs.cassandra)
        return {
            "command": f"exec {java} org.apache.cassandra.service.CassandraDaemon",
            "readiness_probe": _listens(self.places.at(name, p.CQL_PORT)),
            "shutdown": {"timeout_seconds": 20},
        }

    def _thanos(self) -> Entries:
        sources = [*p.RECEIVERS, *p.RULERS, "store"]
        endpoints = [f"--endpoint={self.places.at(each, p.THANOS_GRPC)}" for each in sources]
        replicas = [
            f"--query.replica-label={each}" for each in ("receive_replica", "rule_replica", "tenant_id")
        ]
        return (
            {name: self._receiver(name) for name in p.RECEIVERS}
            | {name: self._ruler(name) for name in p.RULERS}
            | {
                "query": self._part_of_thanos(
                    "query",
                    "query",
                    *endpoints,
                    *replicas,
                    "--query.timeout=30s",
                    "--query.max-concurrent=20",
                    http=f"{self.host}:{self.ports['prometheus_port']}",
                ),
                "store": self._part_of_thanos(
                    "store",
                    "store",
                    f"--data-dir={self._data('store')}",
                    self._bucket,
                    f"--index-cache.config={INDEX_CACHE}",
                    "--chunk-pool-size=64MB",
                    "--store.grpc.series-max-concurrency=10",
                    after=_completed("storage-setup"),
                ),
                "compactor": self._part_of_thanos(
                    "compactor",
                    "compact",
                    f"--data-dir={self._data('compactor')}",
                    self._bucket,
                    "--wait",
                    "--compact.concurrency=1",
                    "--deduplication.replica-label=receive_replica",
                    "--deduplication.replica-label=rule_replica",
                    f"--retention.resolution-raw={self.retention}",
                    grpc=False,
                    after=_completed("storage-setup"),
                ),
            }
        )

    def _receiver(self, name: str) -> Entry:
        return self._part_of_thanos(
            name,
            "receive",
            f"--tsdb.path={self._data(name)}",
            f"--tsdb.retention={LOCAL_BLOCKS}",
            "--tsdb.out-of-order.time-window=30m",
            "--tsdb.too-far-in-future.time-window=5m",
            "--tsdb.max-exemplars=100000",
            "--tsdb.enable-native-histograms",
            f'--label=receive_replica="{name}"',
            f"--receive.hashrings-file={self.folders.settings / 'hashring.json'}",
            "--receive.hashrings-algorithm=ketama",
            f"--receive.replication-factor={p.COPIES}",
            f"--receive.local-endpoint={self.places.at(name, p.THANOS_GRPC)}",
            f"--remote-write.address={self.places.at(name, p.REMOTE_WRITE)}",
            f"--receive.capnproto-address={self.places.at(name, p.CAPNPROTO)}",
            self._bucket,
        )

    def _ruler(self, name: str) -> Entry:
        prometheus = f"http://{self.host}:{self.ports['prometheus_port']}"
        managers = [
            f"--alertmanagers.url=http://{each}"
            for each in self.places.all_at(p.ALERTMANAGERS, p.ALERTMANAGER_PORT)
        ]
        return self._part_of_thanos(
            name,
            "rule",
            f"--data-dir={self._data(name)}",
            f"--tsdb.retention={LOCAL_BLOCKS}",
            f"--rule-file={self.folders.settings / 'rules'}/*.yaml",
            "--eval-interval=10s",
            f"--query={prometheus}",
            f"--alert.query-url={prometheus}",
            f'--label=rule_replica="{name}"',
            "--alert.label-drop=rule_replica",
            *managers,
            self._bucket,
            after=_healthy(["query"]),
        )

    def _part_of_thanos(
        self,
        name: str,
        command: str,
        *flags: str,
        http: str = "",
        grpc: bool = True,
        after: Entry | None = None,
    ) -> Entry:
        address = http or self.places.at(name, p.THANOS_HTTP)
        listens = [f"--http-address={address}"]
        if grpc:
            listens.append(f"--grpc-address={self.places.at(name, p.THANOS_GRPC)}")
        quoted = " ".join(f"'{flag}'" for flag in (*listens, *flags))
        return {
            "command": f"exec thanos {command} --log.level=warn {quoted}",
            "environment": _given({"GOGC": 75}),
            "readiness_probe": _answers(address, "/-/ready"),
            "depends_on": after or {},
        }

    @property
    def _bucket(self) -> str:
        return f"--objstore.config-file={self.folders.settings / 'bucket.yaml'}"

    def _proxy(self) -> Entries:
        return {
            "proxy": {
                "command": f"exec {self.programs.haproxy} -W -db -f {self.folders.settings / 'haproxy.cfg'}",
                "readiness_probe": _answers(self.places.at("proxy", p.PROXY_METRICS), "/metrics"),
            }
        }

    def _postgresql(self) -> Entries:
        return {
            "postgresql": {
                "command": 'exec "${PYTHON}" -m stack.scale.postgresql',
                "readiness_probe": _listens(self.places.at("postgresql", p.POSTGRESQL_PORT)),
                "shutdown": {"signal": 2, "timeout_seconds": 20},
            }
        }

    def _alertmanagers(self) -> Entries:
        return {name: self._alertmanager(name) for name in p.ALERTMANAGERS}

    def _alertmanager(self, name: str) -> Entry:
        peers = [
            f"--cluster.peer={self.places.at(each, p.CLUSTER_PORT)}"
            for each in p.ALERTMANAGERS
            if each != name
        ]
        address, cluster = self.places.at(name, p.ALERTMANAGER_PORT), self.places.at(name, p.CLUSTER_PORT)
        return {
            "working_dir": f"{self.folders.run}/alertmanager",
            "command": f"exec alertmanager --config.file={self.folders.run}/alertmanager/alertmanager.yml"
            f" --storage.path={self._data(name)} --web.listen-address={address}"
            f" --cluster.listen-address={cluster} {' '.join(peers)} --log.level=warn",
            "readiness_probe": _answers(address, "/-/ready"),
            "depends_on": _healthy(INSTEAD["incidents"]),
        }

    def _agents(self) -> Entries:
        return {name: self._agent(name) for name in (*p.AGENTS, "scraper")}

    def _agent(self, name: str) -> Entry:
        address = self.places.at(name, p.AGENT_PORT)
        kind = "scraper" if name == "scraper" else "agent"
        return {
            "command": f"exec prometheus --agent --config.file={self.folders.run}/prometheus/{kind}.yml"
            f" --storage.agent.path={self._data(name)} --storage.agent.retention.max-time=2h"
            f" --web.listen-address={address} --web.enable-otlp-receiver --web.enable-remote-write-receiver"
            " --log.level=warn",
            "readiness_probe": _answers(address, "/-/ready"),
            "depends_on": _healthy(["proxy", *p.RECEIVERS]),
        }

    def _consumers(self) -> Entries:
        numbered = zip(p.CONSUMERS, p.INGESTS, p.AGENTS, strict=True)
        return {name: self._consumer(name, ingest, agent) for name, ingest, agent in numbered}

    def _consumer(self, name: str, ingest: str, agent: str) -> Entry:
        health = self.places.at(name, p.COLLECTOR_HEALTH)
        return {
            "command": f"exec {COLLECTOR} --config {self.folders.root}/deploy/scale/consumer.yaml",
            "environment": _given(
                self._brokers,
                {
                    "CONSUMER": name,
                    "BIND_HOST": self.places.hosts[name],
                    "COLLECTOR_HEALTH_PORT": p.COLLECTOR_HEALTH,
                    "COLLECTOR_METRICS_PORT": p.COLLECTOR_METRICS,
                    "COLLECTOR_QUEUE_DIR": self._data(name),
                    "INGEST_URL": f"http://{self.places.at(ingest, p.INGEST_PORT)}",
                    "PROMETHEUS_URL": f"http://{self.places.at(agent, p.AGENT_PORT)}",
                    "GOGC": 100,
                    "GOMEMLIMIT": "176MiB",
                },
            ),
            "readiness_probe": _answers(health, "/"),
            "depends_on": _healthy([ingest, "jaeger"]) | _completed("kafka-topics"),
        }

    def _services(self, old: Entries) -> Entries:
        """Our own services, several times: as in the single stack but for where they listen and ask."""
        new: Entries = {}
        for name, agent in zip(p.INGESTS, p.AGENTS, strict=True):
            own = {"PROMETHEUS_URL": f"http://{self.places.at(agent, p.AGENT_PORT)}"}
            new[name] = self._replica(old["ingest"], name, "INGEST_PORT", p.INGEST_PORT, own)
            new[name]["depends_on"] = _healthy([agent])
        for number, name in enumerate(p.RECOMMENDERS, 1):
            own = {"RECOMMENDER_REPLICA": str(number), "RECOMMENDER_SHARED_DIR": f"{self.folders.run}/{name}"}
            new[name] = self._replica(old["recommender"], name, "RECOMMENDER_PORT", p.RECOMMENDER_PORT, own)
        for name in p.INBOXES:
            own = {"ACCESS_FILE": f"{self.folders.data}/incidents/{name}.jsonl"}
            new[name] = self._replica(old["incidents"], name, "INCIDENTS_PORT", p.INCIDENTS_PORT, own)
            new[name]["depends_on"] = _healthy(["postgresql"] if self.own_database else [])
        return new

    def _replica(self, single: Entry, name: str, variable: str, port: int, own: Mapping[str, str]) -> Entry:
        entry = copy.deepcopy(single)
        listens = {"BIND_HOST": self.places.hosts[name], variable: port}
        known = {"OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={name}"}
        before = [each for each in entry.get("environment", ()) if each.partition("=")[0] not in listens]
        entry["environment"] = before + _given(listens, own, known)
        entry["readiness_probe"]["http_get"] |= {"host": self.places.hosts[name], "port": str(port)}
        entry["log_location"] = self._log(name)
        entry["depends_on"] = _wait_instead(entry.get("depends_on", {}))
        return entry

    def _move_to_kafka(self, collector: Entry) -> None:
        command = collector["command"].replace("otelcol-whence", COLLECTOR)
        collector["command"] = f"{command} --config {self.folders.root}/deploy/scale/edge.yaml"
        collector["environment"] += _given(self._brokers)
        collector["depends_on"] = _completed("kafka-topics")

    def _move_to_cassandra(self, jaeger: Entry) -> None:
        jaeger["command"] = f"exec jaeger --config {self.folders.settings / 'jaeger.yaml'}"
        jaeger["depends_on"] = _healthy(p.CASSANDRA)

    @property
    def _brokers(self) -> dict[str, str]:
        return {f"KAFKA_{n}": self.places.at(each, p.KAFKA_PORT) for n, each in enumerate(p.KAFKA, 1)}

    def _java(self, options: str, jars: Path) -> str:
        return f"{self.programs.java} {options} -cp '{jars}/*'"

    def _data(self, name: str) -> Path:
        return self.folders.data / "scale" / name

    def _log(self, name: str) -> str:
        return f"{self.folders.data}/logs/{name}.log"


def _given(*variables: Mapping[str, object]) -> list[str]:
    """Variables as process-compose takes them."""
    return [f"{name}={value}" for some in variables for name, value in some.items()]


def _wait_instead(depends: Mapping[str, Entry]) -> Entry:
    return {new: condition for old, condition in depends.items() for new in INSTEAD.get(old, (old,))}


def _healthy(names: Iterable[str]) -> Entry:
    return {name: {"condition": "process_healthy"} for name in names}


def _completed(name: str) -> Entry:
    return {name: {"condition": "process_completed_successfully"}}


def _answers(address: str, path: str) -> Entry:
    host, port = address.split(":")
    return {"http_get": {"host": host, "port": port, "path": path}}


def _listens(address: str) -> Entry:
    host, port = address.split(":")
    return {"exec": {"command": f"bash -c ': > /dev/tcp/{host}/{port}'"}}
