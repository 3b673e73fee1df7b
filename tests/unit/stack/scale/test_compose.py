"""deploy/scale/compose.yml as compose understands it: bounds, isolation, and what processes do too."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.build import ComponentMissing, binary
from components.jars import JAR_SETS
from components.pins import select
from stack import ROOT
from stack.running import container_secrets
from stack.running.processes import Process
from stack.scale import container_files, postgresql
from stack.scale import places as p
from stack.scale.kafka import CLUSTER
from stack.scale.overlay import Folders, Overlay, Programs
from stack.scale.places import in_containers
from stack.scale.processes import build
from stack.settings import Settings

Services = dict[str, dict[str, Any]]

FILES = ("docker-compose.yml", "deploy/scale/compose.yml")
TEXT = (ROOT / "deploy" / "scale" / "compose.yml").read_text()
STORAGE = ("containers/external-storage.yml", "deploy/scale/external-storage.yml")
MEBIBYTES_IN_ALL = 12 * 1024
ONE_SHOTS = {"prepare", "storage-setup", "trainer", "kafka-topics"}
UNCHECKED = ONE_SHOTS | {"collector", "traffic", *p.CONSUMERS}
"""One-shots say how it went by their exit status; the others' images hold one program, or have no port."""
REPLACED = {"prometheus", "alertmanager", "ingest", "recommender", "incidents"}
CALLED = {"proxy": "haproxy"}
ON_THE_HOST = "retraining"
"""It needs what belongs to this machine's user."""
JAVA = {
    "/data/scale/NAME": "/var/lib/cassandra",
    "/checkout/deploy/scale": "/etc/scale",
    "/run/scale": "/config",
}
THANOS = {
    "/data/scale/": "/var/lib/thanos/",
    "/run/scale/bucket.yaml": "/secrets/thanos",
    "/run/scale": "/config",
}
AGENTS = {"/data/scale/NAME": "/prometheus", "/run/prometheus": "/config/prometheus"}


def configure(*files: str, **environment: str) -> dict[str, Any]:
    """What compose makes of the files."""
    try:
        compose = binary("docker-compose")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    given = [argument for file in files for argument in ("-f", file)]
    command = [str(compose), "--env-file", ".env.example", *given, "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return configure(*FILES)


@pytest.fixture(scope="module")
def services(project: dict[str, Any]) -> Services:
    """Those of which there is a container."""
    return {name: each for name, each in project["services"].items() if each["deploy"].get("replicas") != 0}


@pytest.fixture(scope="module")
def processes() -> Services:
    """The overlay's processes, if each had a machine with the name of its container."""
    overlay = Overlay(
        in_containers(),
        Folders(Path("/checkout"), Path("/run"), Path("/data")),
        Programs(
            Path("java"), Path("/opt/kafka/libs"), Path("/opt/cassandra/lib"), Path("/usr/sbin/haproxy")
        ),
        Settings().ports,
        "query",
        Settings().prometheus_retention_time,
        own_database=True,
    )
    built: Services = build(overlay, yaml.safe_load((ROOT / "process-compose.yaml").read_text()))["processes"]
    return built


def test_every_process_has_a_container_of_its_name(services: Services, processes: Services) -> None:
    named = {CALLED.get(name, name) for name in processes} - {ON_THE_HOST}
    assert named | {"prepare"} == services.keys()


def test_what_is_there_several_times_instead_has_no_container(project: dict[str, Any]) -> None:
    replicas = {name: each["deploy"].get("replicas", 1) for name, each in project["services"].items()}
    named = {name for name, count in replicas.items() if count == 0}
    assert named | {"alertmanager"} == REPLACED  # that one has a profile too


def test_limits_of_what_runs_together_fit_into_twelve_gibibytes(services: Services) -> None:
    limits = {name: _megabytes(service) for name, service in services.items()}
    assert limits.pop("kafka-topics") <= sum(limits[name] for name in p.CONSUMERS)  # which wait for it
    rest = ONE_SHOTS - {"kafka-topics"}
    assert max(limits.pop(name) for name in rest) <= sum(limits[name] for name in p.RECOMMENDERS)
    assert sum(limits.values()) <= MEBIBYTES_IN_ALL


def test_soft_memory_limits_are_below_the_hard_ones(services: Services) -> None:
    soft = {name: each["environment"]["GOMEMLIMIT"] for name, each in services.items() if _is_go(each)}
    assert len(soft) > 10
    for name, limit in soft.items():
        assert int(limit.removesuffix("MiB")) <= 0.9 * _megabytes(services[name]), name
    for name in (*p.KAFKA, *p.CASSANDRA):
        (heap,) = re.findall(r"-Xmx(\d+)m \S*MaxDirect", services[name]["command"][0])
        (direct,) = re.findall(r"MaxDirectMemorySize=(\d+)m", services[name]["command"][0])
        assert int(heap) + int(direct) <= 0.85 * _megabytes(services[name]), name


def test_each_container_is_locked_down(services: Services) -> None:
    for name, service in services.items():
        assert service.get("read_only") or name == "prepare", name  # compose copies a file into it
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"] and not service.get("privileged"), name
        assert service["user"].split(":")[0] not in ("0", "root"), name
        assert {"memory", "cpus", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service["logging"]["options"]["max-size"] and service["stop_grace_period"], name
        assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped"), name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ())), name


def test_a_port_is_published_once(services: Services) -> None:
    published = [port["published"] for each in services.values() for port in each.get("ports", ())]
    assert len(published) == len(set(published)) >= 8


def test_each_container_is_checked_or_said_not_to_be(services: Services) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == UNCHECKED
    for name in services.keys() - UNCHECKED:
        assert services[name]["healthcheck"]["start_period"] == "10m0s", name


def test_everybody_waits_for_what_is_there_and_nobody_in_a_circle(services: Services) -> None:
    waits = {name: each.get("depends_on", {}) for name, each in services.items()}
    assert {other for others in waits.values() for other in others} <= services.keys() | REPLACED
    TopologicalSorter({name: set(others) for name, others in waits.items()}).prepare()
    for others in waits.values():
        for other, how in others.items():
            if how["condition"] == "service_completed_successfully":
                assert Process(other, "", "", 0, 0, 0, 0, has_probe=False).one_shot, other
            elif how["condition"] == "service_healthy" and other not in REPLACED:
                assert other not in UNCHECKED, other


def test_stores_that_ask_for_no_password_are_reached_by_few(services: Services) -> None:
    """By those who use them, and by the proxy, which looks after them."""
    members = {
        network: {name for name, service in services.items() if network in service["networks"]}
        for network in ("kafka", "cassandra")
    }
    assert members["kafka"] == {*p.KAFKA, "kafka-topics", "collector", "haproxy", *p.CONSUMERS}
    assert members["cassandra"] == {*p.CASSANDRA, "haproxy", "jaeger"}
    for name in (*p.KAFKA, *p.CASSANDRA):
        assert len(services[name]["networks"]) == 1, name


def test_nodes_keep_their_addresses(project: dict[str, Any]) -> None:
    (network,) = project["networks"]["cassandra"]["ipam"]["config"]
    prefix = network["subnet"].removesuffix(".0/24")
    addresses = {project["services"][each]["networks"]["cassandra"]["ipv4_address"] for each in p.CASSANDRA}
    assert addresses == {f"{prefix}.11", f"{prefix}.12", f"{prefix}.13"}
    assert network["ip_range"] == f"{prefix}.128/25", "others get an address from here"
    moved = configure(*FILES, SCALE_SUBNET="10.9.8")
    assert moved["services"]["cassandra-1"]["networks"]["cassandra"]["ipv4_address"] == "10.9.8.11"


def test_every_address_that_is_written_is_a_containers_name(services: Services) -> None:
    names = set(services)
    for service in services.values():
        for network in service["networks"].values():
            names |= set((network or {}).get("aliases", ()))
    texts = container_files.build_all(in_containers()) | {
        name: json.dumps([each.get("command"), each.get("environment")]) for name, each in services.items()
    }
    pattern = r"(?<![\w./-])([a-z][a-z0-9-]*):(?:[0-9]{4,5})\b"
    written = {host for text in texts.values() for host in re.findall(pattern, text)}
    written |= {host for text in texts.values() for host in re.findall(r"https?://([a-z][\w-]*):\d", text)}
    assert {"kafka-1", "receive-3", "haproxy", "recommender", "prometheus", "postgresql"} <= written
    assert written <= names


def test_who_is_called_by_the_single_stacks_names_listens_there(services: Services) -> None:
    proxy = container_files.build_all(in_containers())["haproxy.cfg"]
    aliases = services["haproxy"]["networks"]["whence"]["aliases"]
    assert sorted(aliases) == ["alertmanager", "incidents", "recommender"]
    for port in (p.RECOMMENDER_PORT, p.INCIDENTS_PORT, p.ALERTMANAGER_PORT):
        assert f"bind *:{port}\n" in proxy
    assert services["query"]["networks"]["whence"]["aliases"] == ["prometheus"]
    for name in (*p.RECOMMENDERS, *p.INBOXES, *p.ALERTMANAGERS, "haproxy", *p.KAFKA, *p.CASSANDRA):
        assert services[name]["hostname"] == name


@pytest.mark.parametrize("name", [*p.RECEIVERS, *p.RULERS, "query", "store", "compactor"])
def test_thanos_has_the_flags_of_its_process(name: str, services: Services, processes: Services) -> None:
    ours, theirs = _flags(services[name], name), _translate(processes[name]["command"], name, THANOS)
    page = "--alert.query-url="  # where the user's browser finds it
    assert [each for each in ours if not each.startswith(page)] == unordered(
        each for each in theirs if not each.startswith(page)
    )


@pytest.mark.parametrize("name", [*p.AGENTS, "scraper"])
def test_agents_have_the_flags_of_their_process(name: str, services: Services, processes: Services) -> None:
    ours = [
        each.replace("$$kind", name.partition("-")[0]) for each in _flags(services[name], name, "prometheus")
    ]
    assert ours == unordered(_translate(processes[name]["command"], name, AGENTS))


@pytest.mark.parametrize("name", p.CASSANDRA)
def test_nodes_are_started_as_their_process(name: str, services: Services, processes: Services) -> None:
    assert _flags(services[name], name) == unordered(_translate(processes[name]["command"], name, JAVA))


@pytest.mark.parametrize("name", p.KAFKA)
def test_brokers_are_started_as_their_process(name: str, services: Services, processes: Services) -> None:
    script = services[name]["command"][0]
    (small,) = re.findall(r'small="(.*)"', script)
    ours = shlex.split(_join(script.partition("\n")[2].replace("$$small", small), name))
    theirs = [each for each in _translate(processes[name]["command"], name, JAVA) if each != "&&"]
    assert [each for each in ours if each != "exec"] == [each for each in theirs if each != "exec"]
    assert CLUSTER in ours


def test_alertmanagers_tell_each_other(services: Services) -> None:
    for name in p.ALERTMANAGERS:
        flags = services[name]["environment"]["CLUSTER"].split()
        peers = [f"--cluster.peer={each}:{p.CLUSTER_PORT}" for each in p.ALERTMANAGERS if each != name]
        assert flags == [f"--cluster.listen-address=0.0.0.0:{p.CLUSTER_PORT}", *peers]
        mounted = {mount["target"]: mount["source"] for mount in services[name]["volumes"]}
        assert mounted["/alertmanager"] == name


def test_services_are_told_what_their_processes_are(services: Services, processes: Services) -> None:
    for name in p.CONSUMERS:
        ours, theirs = services[name]["environment"], _given(processes[name])
        same = {"CONSUMER", "INGEST_URL", "PROMETHEUS_URL", "GOGC", "GOMEMLIMIT", "KAFKA_1", "KAFKA_3"}
        assert {each: ours[each] for each in same} == {each: theirs[each] for each in same}
    for name in (*p.RECOMMENDERS, *p.INGESTS, *p.INBOXES):
        theirs = _given(processes[name])
        for variable in theirs.keys() & {"RECOMMENDER_REPLICA", "OTEL_RESOURCE_ATTRIBUTES", "PROMETHEUS_URL"}:
            assert services[name]["environment"][variable] == theirs[variable], name


def test_topics_and_the_database_are_those_of_the_processes(services: Services) -> None:
    assert f"for topic in {' '.join(p.TOPICS)}; do" in services["kafka-topics"]["command"][0]
    bounds = {name: value for name, value in postgresql.BOUNDS.items() if value not in ("off", "")}
    assert services["postgresql"]["command"] == ["postgres", *_database_flags(bounds)]
    url = f"postgresql://{postgresql.NAME}@postgresql:{p.POSTGRESQL_PORT}/{postgresql.NAME}"
    for name in p.INBOXES:
        assert services[name]["environment"]["INCIDENTS_DATABASE"] == url


def test_grafana_sends_no_alert_that_the_rulers_send_too(services: Services) -> None:
    assert services["grafana"]["environment"]["GF_UNIFIED_ALERTING_EXECUTE_ALERTS"] == "false"


def test_groups_of_secrets_are_those_of_their_readers(services: Services) -> None:
    readers = (*container_secrets.READERS, *container_files.OWN_READERS)
    groups = {reader.name: str(reader.group) for reader in readers}
    assert set(services["prepare"]["group_add"]) == set(groups.values())
    readers_of = {
        group: {name for name, each in services.items() if group in each.get("group_add", ())} - {"prepare"}
        for group in groups.values()
    }
    assert readers_of[groups["postgresql"]] == {"postgresql"}
    assert readers_of[groups["thanos"]] == {*p.RECEIVERS, *p.RULERS, "store", "compactor"}
    assert readers_of[groups["incidents"]] == set(p.INBOXES)
    assert readers_of[groups["prometheus"]] == {"scraper"}
    assert readers_of[groups["alertmanager"]] == set(p.ALERTMANAGERS)


def test_images_are_the_versions_the_processes_are_built_from() -> None:
    (thanos,) = select(["thanos"])
    releases = {each.name: each.release for each in JAR_SETS} | {"thanos": thanos.release}
    for name, release in releases.items():
        assert Settings.model_fields[f"{name}_image"].default.split(":")[1].lstrip("v") == release


def test_defaults_are_those_of_the_example() -> None:
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    assert used.pop("WHENCE_GENERATED") == "."
    assert used.pop("INCIDENTS_DATABASE") in ("", "postgresql://whence@postgresql:5432/whence")
    assert used == {name: defaults[name] for name in used}


def test_prepare_knows_what_it_mounts(services: Services) -> None:
    targets = {mount["target"] for mount in services["prepare"]["volumes"]}
    read = ("jaeger/config.yaml", "prometheus/prometheus.yml", "containers/prometheus/targets.json")
    assert {f"/app/{file}" for file in (*read, "alerts/generated/prometheus")} <= targets
    assert str(container_files.SETTINGS) in targets
    owned = re.findall(r"/volumes/\w+", (ROOT / "Dockerfile").read_text())
    assert {target for target in targets if target.startswith("/volumes/")} == set(owned)


def test_storage_of_the_users_own_reaches_thanos_and_the_recommenders() -> None:
    given = {
        "STORAGE_ENDPOINT": "http://s3.local:7070",
        "STORAGE_URL": "http://toxiproxy:9100",
        "STORAGE_ACCESS_KEY": "a",
        "STORAGE_SECRET_KEY": "b",
        "STORAGE_REGION": "eu-1",
        "TOXIPROXY_CONFIG": "/x.json",
    }
    services = configure(*FILES, *STORAGE, **given)["services"]
    assert services["minio"]["deploy"]["replicas"] == 0
    assert services["prepare"]["environment"]["STORAGE_ENDPOINT"] == given["STORAGE_ENDPOINT"]
    for name in p.RECOMMENDERS:
        environment = services[name]["environment"]
        assert (environment["STORAGE_ENDPOINT"], environment["STORAGE_REGION"]) == (
            "http://toxiproxy:9100",
            "eu-1",
        )


def _megabytes(service: Mapping[str, Any]) -> int:
    return int(service["deploy"]["resources"]["limits"]["memory"]) // 2**20


def _is_go(service: Mapping[str, Any]) -> bool:
    return "GOMEMLIMIT" in service.get("environment", {})


def _join(script: str, name: str) -> str:
    return script.replace("\\\n", " ").replace("$$HOSTNAME", name)


def _flags(service: Mapping[str, Any], name: str, program: str = "") -> list[str]:
    """What the program of a container is given, after `exec`."""
    words = shlex.split(_join(service["command"][0], name))
    return unordered(words[words.index(program or "exec") + (0 if program else 1) :])


def _translate(command: str, name: str, folders: Mapping[str, str]) -> list[str]:
    """A process' command with the folders of its container."""
    for theirs, ours in folders.items():
        command = command.replace(theirs.replace("NAME", name), ours)
    words = shlex.split(command)
    return words[1:] if words[0] == "exec" else words


def _given(process: Mapping[str, Any]) -> dict[str, str]:
    return dict(each.split("=", 1) for each in process["environment"])


def _database_flags(bounds: Mapping[str, str]) -> list[str]:
    return [word for name, value in bounds.items() for word in ("-c", f"{name}={value}")]


def unordered(flags: Iterable[str]) -> list[str]:
    """Flags in an order of their own: which comes first does not matter."""
    return sorted(flags)
