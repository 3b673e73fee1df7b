"""What the overlay's parts are configured by."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.rules import all_alerts
from components.build import ComponentMissing, binary
from config import Config
from stack import ROOT
from stack.scale import agents, cassandra, jaeger, kafka, proxy, thanos
from stack.scale import places as p
from stack.scale.overlay import Folders, Overlay, Programs
from stack.scale.places import Places, in_containers
from stack.settings import Settings

RULES = sorted((ROOT / "alerts" / "generated" / "prometheus").glob("*.yaml"))
DUMMY = {"KAFKA_1": "k1:9092", "KAFKA_2": "k2:9092", "KAFKA_3": "k3:9092", "BIND_HOST": "127.0.0.1"}


def test_addresses_are_different_ones_and_containers_go_by_name(places: Places) -> None:
    assert len(set(places.hosts.values())) == len(p.PARTS)
    assert in_containers().at("kafka-1", 9092) == "kafka-1:9092"


def test_a_message_counts_when_two_brokers_of_three_have_it(places: Places) -> None:
    properties = dict(
        line.split("=", 1) for line in kafka.write_properties(places, "kafka-2", "/data").splitlines()
    )
    assert (properties["default.replication.factor"], properties["min.insync.replicas"]) == ("3", "2")
    assert properties["node.id"] == "2"
    assert properties["controller.quorum.voters"].count("@") == 3
    edge = yaml.safe_load((ROOT / "deploy" / "scale" / "edge.yaml").read_text())["exporters"]
    for exporter in edge.values():
        assert exporter["producer"]["required_acks"] == -1
        assert exporter["producer"]["max_message_bytes"] < int(properties["message.max.bytes"])
    assert int(properties["log.segment.bytes"]) > int(properties["message.max.bytes"])


def test_the_alert_on_what_is_not_read_says_how_long_it_is_kept(places: Places) -> None:
    settings = kafka.write_properties(places, "kafka-1", "/data")
    assert f"log.retention.bytes={64 << 20}\n" in settings and "log.retention.hours=24\n" in settings
    (alert,) = (each for each in all_alerts(Config()) if each.slug == "consumers-fall-behind")
    assert "64 MiB, for at most a day" in alert.description


def test_nodes_have_places_of_their_own_on_the_ring_and_start_together(places: Places) -> None:
    nodes = [yaml.safe_load(cassandra.write_configuration(places, node, "/data")) for node in p.CASSANDRA]
    tokens = sorted(int(node["initial_token"]) for node in nodes)
    assert tokens[1] - tokens[0] == pytest.approx(tokens[2] - tokens[1])
    assert -(2**63) < tokens[0] and tokens[2] < 2**63
    (seeds,) = {node["seed_provider"][0]["parameters"][0]["seeds"] for node in nodes}
    assert [each.split(":")[0] for each in seeds.split(",")] == [node["listen_address"] for node in nodes]


def test_jaeger_differs_from_the_single_one_in_its_storage_alone(places: Places) -> None:
    single = yaml.safe_load((ROOT / "jaeger" / "config.yaml").read_text())
    made = yaml.safe_load(jaeger.write_jaeger(ROOT / "jaeger" / "config.yaml", places))
    storage = made["extensions"]["jaeger_storage"]["backends"].pop("spans")["cassandra"]
    del single["extensions"]["jaeger_storage"]["backends"]["spans"]
    assert made == single
    assert (storage["schema"]["replication_factor"], storage["query"]["consistency"]) == (3, "LOCAL_QUORUM")


def test_the_compactor_takes_a_short_retention_and_downsamples_nothing(
    tmp_path: Path, places: Places
) -> None:
    try:
        program = binary("thanos")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    folders, programs = Folders(ROOT, tmp_path, tmp_path), Programs(*[Path("/none")] * 4)
    overlay = Overlay(places, folders, programs, Settings().ports, "127.0.0.1", "12h", own_database=True)
    folders.settings.mkdir()
    bucket = {"type": "FILESYSTEM", "config": {"directory": str(tmp_path / "bucket")}}
    (folders.settings / "bucket.yaml").write_text(yaml.safe_dump(bucket))
    command = shlex.split(thanos.run_thanos(overlay)["compactor"]["command"])[2:]
    once = [flag for flag in command if flag not in ("--wait", "--log.level=warn")]
    done = subprocess.run([program, *once], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "downsampling was explicitly disabled" in done.stderr


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_rules_are_the_same_but_go_on_while_a_receiver_is_away(file: Path) -> None:
    single, made = yaml.safe_load(file.read_text()), yaml.safe_load(thanos.write_rules(file))
    assert {group.pop("partial_response_strategy") for group in made["groups"]} == {"warn"}
    assert made == single


def test_receivers_are_those_of_the_hashring(places: Places) -> None:
    (ring,) = json.loads(thanos.write_hashring(places))
    assert ring["endpoints"] == places.all_at(p.RECEIVERS, p.THANOS_GRPC)


def test_blocks_go_where_the_objects_are() -> None:
    bucket = yaml.safe_load(
        thanos.write_bucket("https://s3.example", "b", "eu-1", "key", "secret", by_path=False)
    )
    assert bucket["config"]["endpoint"] == "s3.example"
    assert (bucket["config"]["insecure"], bucket["config"]["bucket_lookup_type"]) == (False, "virtual-hosted")


@pytest.mark.parametrize("scrapes", [True, False])
def test_an_agent_takes_what_prometheus_would_and_keeps_nothing(places: Places, scrapes: bool) -> None:
    made = yaml.safe_load(agents.write_agent(ROOT / "prometheus" / "prometheus.yml", places, scrapes=scrapes))
    assert ("scrape_configs" in made) == scrapes
    assert "rule_files" not in made and "alerting" not in made
    assert made["otlp"]["promote_resource_attributes"]
    assert "convert_histograms_to_nhcb" not in made["otlp"], "dropped on the way to Thanos, not stored"
    (written,) = made["remote_write"]
    assert written["send_native_histograms"] and written["send_exemplars"]


def test_engines_that_expose_nothing_are_up_by_what_the_proxy_finds(places: Places) -> None:
    made = yaml.safe_load(agents.write_agent(ROOT / "prometheus" / "prometheus.yml", places, scrapes=True))
    (rules, again) = (each["metric_relabel_configs"] for each in made["scrape_configs"])
    assert rules == again
    for component, (parts, port) in proxy.PROBED.items():
        assert f"backend {component}\n  mode tcp" in _proxy(places)
        for part in parts:
            assert f"server {part} {places.at(part, port)}" in _proxy(places)
            found = re.fullmatch(rules[0]["regex"], f"haproxy_server_status;{component};UP;{part}")
            assert found and found.groups() == (component, part)
    assert not re.fullmatch(rules[0]["regex"], "haproxy_server_status;receivers;UP;receive-1")
    assert [(rule["target_label"], rule["replacement"]) for rule in rules][-2:] == [
        ("instance", "$2"),
        ("__name__", "up"),
    ]


def test_feedback_goes_to_the_recommender_whose_number_begins_the_request(places: Places) -> None:
    made = _proxy(places)
    assert (
        "use-server recommender-2 if { path /feedback } { req.body,json_query('$.request_id') -m beg 2- }"
        in made
    )
    for part in (*p.RECOMMENDERS, *p.INBOXES, *p.RECEIVERS, *p.ALERTMANAGERS):
        assert f"server {part} {places.hosts[part]}:" in made


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin:/usr/bin"), reason="HAProxy is not installed")
def test_the_proxy_takes_its_configuration(places: Places, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(_proxy(places))
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    assert haproxy
    subprocess.run([haproxy, "-c", "-f", file], check=True)


@pytest.mark.parametrize(
    "files",
    [["collector/config.yaml", "deploy/scale/edge.yaml"], ["deploy/scale/consumer.yaml"]],
    ids=["edge", "consumer"],
)
def test_the_collector_takes_its_configuration(files: list[str], tmp_path: Path) -> None:
    try:
        collector = binary("otelcol-whence-scale")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    given = [argument for file in files for argument in ("--config", str(ROOT / file))]
    environment = DUMMY | {
        "COLLECTOR_QUEUE_DIR": str(tmp_path),
        "CONSUMER": "consumer-1",
        "JAEGER_OTLP_ENDPOINT": "j:1",
    }
    environment |= {"INGEST_URL": "http://i:1", "PROMETHEUS_URL": "http://p:1"}
    subprocess.run([collector, "validate", *given], check=True, env=environment)


def _proxy(places: Places) -> str:
    return proxy.write_proxy(
        places, recommender="127.0.0.1:8000", incidents="127.0.0.1:8010", alertmanager="127.0.0.1:9093"
    )
