"""What is started, how often, and who waits for whom."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import yaml

from stack import ROOT
from stack.running.processes import Process
from stack.scale import places as p
from stack.scale.places import Places
from tests.unit.stack.scale.conftest import NETWORK

Processes = Mapping[str, dict[str, Any]]
OFTEN = (
    *p.KAFKA,
    *p.CASSANDRA,
    *p.RECEIVERS,
    *p.RULERS,
    *p.ALERTMANAGERS,
    *p.CONSUMERS,
    *p.RECOMMENDERS,
    *p.INBOXES,
)


def test_what_was_single_is_there_several_times_and_nothing_else_is_lost(processes: Processes) -> None:
    single = yaml.safe_load((ROOT / "process-compose.yaml").read_text())["processes"]
    assert single.keys() - processes.keys() == {
        "prometheus",
        "ingest",
        "alertmanager",
        "recommender",
        "incidents",
    }
    assert processes.keys() >= set(OFTEN)
    assert Counter(name.partition("-")[0] for name in OFTEN)["kafka"] == 3


def test_everybody_waits_for_what_is_there_and_nobody_in_a_circle(processes: Processes) -> None:
    waits = {name: set(entry.get("depends_on", {})) for name, entry in processes.items()}
    assert {other for others in waits.values() for other in others} <= processes.keys()
    TopologicalSorter(waits).prepare()


def test_what_others_wait_for_says_when_it_is_ready(processes: Processes) -> None:
    for entry in processes.values():
        for other, how in entry.get("depends_on", {}).items():
            if how["condition"] == "process_healthy":
                assert "readiness_probe" in processes[other], other
            else:
                assert Process(other, "", "", 0, 0, 0, 0, has_probe=False).one_shot, other


def test_nobody_is_killed_for_starting_slowly(processes: Processes) -> None:
    for name, entry in processes.items():
        if probe := entry.get("readiness_probe"):
            assert probe["period_seconds"] * probe["failure_threshold"] >= 600, name


def test_no_address_is_listened_on_twice(processes: Processes) -> None:
    listened = Counter(address for entry in processes.values() for address in _listened(entry["command"]))
    assert len(listened) > 20
    assert [address for address, times in listened.items() if times > 1] == []


def test_every_java_machine_and_queue_has_a_bound(processes: Processes) -> None:
    for name in (*p.KAFKA, *p.CASSANDRA, "kafka-topics"):
        for command in processes[name]["command"].split("&&"):
            assert re.search(r"-Xmx\d+m", command), name


def test_a_recommender_marks_its_answers_and_is_told_apart_in_telemetry(processes: Processes) -> None:
    environment = processes["recommender-2"]["environment"]
    assert "RECOMMENDER_REPLICA=2" in environment
    assert "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=recommender-2" in environment
    assert processes["recommender-2"]["readiness_probe"]["http_get"]["host"].startswith(NETWORK)


def test_both_tiers_of_collectors_are_the_one_that_knows_kafka(processes: Processes) -> None:
    for name in ("collector", *p.CONSUMERS):
        assert processes[name]["command"].startswith("exec otelcol-whence-scale --config"), name


def test_consumers_send_to_an_ingest_and_an_agent_of_their_own(processes: Processes, places: Places) -> None:
    for consumer, ingest, agent in zip(p.CONSUMERS, p.INGESTS, p.AGENTS, strict=True):
        environment = processes[consumer]["environment"]
        assert f"INGEST_URL=http://{places.at(ingest, p.INGEST_PORT)}" in environment
        assert f"PROMETHEUS_URL=http://{places.at(agent, p.AGENT_PORT)}" in processes[ingest]["environment"]


def _listened(command: str) -> Iterator[str]:
    flags = (
        r"--(?:http-address|grpc-address|remote-write\.address|web\.listen-address|cluster\.listen-address)"
    )
    yield from re.findall(rf"{flags}=([\d.]+:\d+)", command)
