"""`python -m generation`: all or nothing, the same bytes each time, whole files whenever it is stopped."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CONFIG = """\
folder: Mine
tags: [mine]
urls: {incidents: "https://inbox.example.org"}
evaluation: {fast: 20s}
storage: {average_limit: 400ms, deadline: 400ms}
repeat_interval: 1h
receivers:
  - {name: tickets, type: webhook, url: "https://tickets.example.org", severities: [critical]}
alerts:
  storage-slower-than-deadline: {for: 1m, severity: info, threshold: 0.5}
  server-errors: {paused: true}
"""

KILLED_AT = """
import os, runpy, signal, sys
replace, left = os.replace, int(sys.argv.pop(1))

def replace_or_die(source, target):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(source, target)

os.replace = replace_or_die
sys.argv[0] = "generation"
runpy.run_module("generation", run_name="__main__")
"""
"""Runs the command until it is about to replace its n-th file (n is the first argument), then kills it."""


def generate(
    *arguments: str, config: Path | str = os.devnull, program: tuple[str, ...] = ("-m", "generation")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program, *arguments],
        env={**os.environ, "WHENCE_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    done = generate("--into", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def other_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("config") / "whence.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture(scope="module")
def other(other_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    done = generate("--into", str(folder), config=other_config)
    assert done.returncode == 0, done.stderr
    return folder


def test_twice_is_the_same_bytes(made: Path, tmp_path: Path) -> None:
    assert generate("--into", str(tmp_path)).returncode == 0
    assert contents(tmp_path) == contents(made)


def test_committed_files_are_those_of_the_defaults() -> None:
    done = generate("--check")
    assert (done.returncode, done.stderr) == (0, "")


def read_grafana(folder: Path) -> dict[str, dict[str, Any]]:
    """Grafana's rules by uid, each with its group's folder and interval."""
    file = json.loads((folder / "alerts/generated/grafana/alerting.json").read_text())
    return {
        rule["uid"]: {**rule, "folder": group["folder"], "interval": group["interval"]}
        for group in file["groups"]
        for rule in group["rules"]
    }


def read_prometheus(folder: Path) -> dict[str, dict[str, Any]]:
    """Prometheus' alerts by title, each with its group's interval."""
    file = yaml.safe_load((folder / "alerts/generated/prometheus/alerts.yaml").read_text())
    groups = file["groups"]
    return {
        rule["alert"]: {**rule, "interval": group["interval"]} for group in groups for rule in group["rules"]
    }


def test_rules_are_as_chosen(other: Path) -> None:
    in_grafana = read_grafana(other)["storage-slower-than-deadline"]
    in_prometheus = read_prometheus(other)[in_grafana["title"]]
    for rule in (in_grafana, in_prometheus):
        assert (rule["for"], rule["interval"], rule["labels"]["severity"]) == ("1m", "20s", "info")
        runbook = "https://inbox.example.org/runbooks/storage-slower-than-deadline"
        assert rule["annotations"]["runbook_url"] == runbook
    assert in_grafana["folder"] == "Mine"
    assert in_grafana["data"][1]["model"]["conditions"][0]["evaluator"]["params"] == [0.5]
    assert in_prometheus["expr"].endswith("> 0.5")


def test_a_paused_alert_is_evaluated_by_nobody(made: Path, other: Path) -> None:
    title = read_grafana(made)["server-errors"]["title"]
    assert (title in read_prometheus(made), title in read_prometheus(other)) == (True, False)
    assert (
        read_grafana(made)["server-errors"]["isPaused"],
        read_grafana(other)["server-errors"]["isPaused"],
    ) == (False, True)


def test_dashboards_are_where_and_called_as_chosen(other: Path) -> None:
    provider = yaml.safe_load((other / "grafana/provisioning/dashboards/dashboards.yaml").read_text())
    assert provider["providers"][0]["folder"] == "Mine"
    for file in (other / "grafana/generated").glob("*.json"):
        dashboard = json.loads(file.read_text())
        assert dashboard["tags"][0] == "mine"
        (menu,) = (link for link in dashboard["links"] if link["type"] == "dashboards")
        assert menu["tags"] == ["mine"]


@pytest.mark.parametrize(("folder", "deadline"), [("made", "0.25"), ("other", "0.4")])
def test_services_in_containers_go_by_the_limits_chosen_and_are_given_no_secret(
    folder: str, deadline: str, request: pytest.FixtureRequest
) -> None:
    file = request.getfixturevalue(folder) / "containers/generated/services.env"
    given = dict(line.split("=", 1) for line in file.read_text().splitlines()[1:])
    assert given["RECOMMENDER_STORAGE_DEADLINE"] == deadline
    assert {name.split("_")[0] for name in given} == {"RECOMMENDER", "GRAFANA", "INCIDENTS"}


def test_receivers_are_told_besides_the_incidents_page(other: Path) -> None:
    alertmanager = yaml.safe_load((other / "alerts/generated/alertmanager/alertmanager.yml").read_text())
    grafana = json.loads((other / "alerts/generated/grafana/alerting.json").read_text())
    assert {receiver["name"] for receiver in alertmanager["receivers"]} == {"incidents", "tickets"}
    assert {point["name"] for point in grafana["contactPoints"]} == {"incidents", "tickets"}
    for routes in (alertmanager["route"]["routes"], grafana["policies"][0]["routes"]):
        assert [route["receiver"] for route in routes if route["continue"]] == ["incidents", "tickets"]


def test_check_names_what_is_not_up_to_date(made: Path, other_config: Path) -> None:
    done = generate("--check", "--into", str(made), config=other_config)
    assert done.returncode == 1
    assert "alerts/generated: out of date: prometheus/alerts.yaml; run `make generate`" in done.stderr


def test_wrong_use_is_status_2() -> None:
    assert generate("--check", "--diff").returncode == 2


def test_diff_writes_nothing_and_says_what_changes(made: Path, other_config: Path) -> None:
    before = contents(made)
    done = generate("--diff", "--into", str(made), config=other_config)
    assert done.returncode == 0, done.stderr
    assert contents(made) == before
    assert (
        '"High Storage Latency" data "B" model conditions [0] evaluator params: [300.0] → [400.0]'
        in done.stdout
    )
    assert generate("--diff", "--into", str(made)).stdout == "Nothing changes.\n"


@pytest.mark.parametrize("killed_at", [0, 3])
def test_killed_it_leaves_old_or_new_files_and_the_next_run_completes(
    killed_at: int, made: Path, other: Path, other_config: Path, tmp_path: Path
) -> None:
    old, new = contents(made), contents(other)
    shutil.copytree(made, tmp_path / "it")
    killed = generate(
        str(killed_at), "--into", str(tmp_path / "it"), config=other_config, program=("-c", KILLED_AT)
    )
    assert killed.returncode == -9
    found = {name: text for name, text in contents(tmp_path / "it").items() if not name.endswith(".tmp")}
    assert {name for name, text in found.items() if text not in (old.get(name), new.get(name))} == set()
    assert generate("--into", str(tmp_path / "it"), config=other_config).returncode == 0
    assert contents(tmp_path / "it") == new


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alerts: {no-such-alert: {paused: true}}", "whence.yaml:1: alerts.no-such-alert: is not an alert"),
        ("storage: {deadline: 5}", "whence.yaml:1: storage.deadline: has no unit (got 5)"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    text: str, told: str, made: Path, tmp_path: Path
) -> None:
    before = contents(made)
    config = tmp_path / "whence.yaml"
    config.write_text(text)
    done = generate("--into", str(made), config=config)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert contents(made) == before
