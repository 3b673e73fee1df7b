"""`python -m generation.kubernetes`: everything is in the resources, and the API server can take them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from generation.kubernetes.manifests import LARGEST, Target, describe, write_yaml
from stack import ROOT

DNS_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
GENERATED = ROOT / "alerts" / "generated"
CONFIG = """\
folder: Mine
urls: {incidents: "https://inbox.example.org", grafana: "https://grafana.example.org"}
redaction: {keys: [^iban$]}
storage: {deadline: 400ms}
alerts: {server-errors: {paused: true}}
"""


def command(out: Path, *arguments: str, config: Path | str = os.devnull) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "generation.kubernetes", "--out", str(out), *arguments],
        env={**os.environ, "WHENCE_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kubernetes")
    done = command(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, config = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("config") / "whence.yaml"
    config.write_text(CONFIG)
    done = command(folder, "--namespace", "observability", "--stack", "kps", config=config)
    assert done.returncode == 0, done.stderr
    return folder


def read(folder: Path, kind: str = "") -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted((folder / "resources").glob("*.yaml"))]
    resources = [resource for text in texts for resource in yaml.safe_load_all(text)]
    return [resource for resource in resources if kind in ("", resource["kind"])]


def read_rules(folder: Path) -> dict[str, dict[str, Any]]:
    """Groups by name, of both resources."""
    return {
        group["name"]: group for rule in read(folder, "PrometheusRule") for group in rule["spec"]["groups"]
    }


def test_names_are_dns_labels_and_unique(out: Path) -> None:
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in read(out)]
    assert len(names) == len(set(names)) > 15
    assert [name for _, name in names if not re.fullmatch(DNS_LABEL, name)] == []


def test_every_resource_is_below_the_limit_of_a_config_map(out: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in (out / "resources").iterdir()}
    assert max(sizes.values()) < LARGEST == 1_048_576


def test_what_the_api_server_would_refuse_is_refused() -> None:
    target = Target()
    with pytest.raises(ValueError, match="ConfigMap whence-a_b: is no DNS label"):
        write_yaml([describe("ConfigMap", "a_b", target, data={})])
    with pytest.raises(ValueError, match="ConfigMap whence-large: .* bytes, of 1048576 at the most"):
        write_yaml([describe("ConfigMap", "large", target, data={"text": "x" * LARGEST})])


@pytest.mark.parametrize("file", ["alerts", "recording"])
def test_every_rule_is_there_with_its_interval_and_alerts_have_the_namespace(out: Path, file: str) -> None:
    rendered = read_rules(out)
    for group in yaml.safe_load((GENERATED / "prometheus" / f"{file}.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["labels"]["namespace"] = "whence"
        assert rendered[group["name"]] == group
        assert group["interval"]


def test_every_dashboard_is_there_for_grafanas_sidecar(out: Path) -> None:
    labelled = [each for each in read(out, "ConfigMap") if "grafana_dashboard" in each["metadata"]["labels"]]
    found = {name: json.loads(text) for each in labelled for name, text in each["data"].items()}
    committed = ROOT / "grafana" / "generated"
    assert found == {path.name: json.loads(path.read_text()) for path in committed.glob("*.json")}
    for each in labelled:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["annotations"] == {"grafana_folder": "Whence"}


def test_every_runbook_is_there(out: Path) -> None:
    (runbooks,) = (each for each in read(out, "ConfigMap") if each["metadata"]["name"] == "whence-runbooks")
    committed = {path.name: path.read_text() for path in (GENERATED / "runbooks").iterdir()}
    assert runbooks["data"] == committed


def test_what_prometheus_scrapes_is_scraped_under_the_same_job_as_often(out: Path) -> None:
    monitors = {
        endpoint["relabelings"][0]["replacement"]: (endpoint["interval"], endpoint["scrapeTimeout"])
        for each in read(out, "ServiceMonitor")
        for endpoint in each["spec"]["endpoints"]
    }
    folder = ROOT / "containers" / "prometheus"
    files = [folder / name for name in ("targets.json", "incidents.json", "notify-alertmanager.json")]
    components = {target["labels"]["component"] for file in files for target in json.loads(file.read_text())}
    assert monitors.keys() == components - {"minio", "toxiproxy"}, "both are the demo's"
    settings = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["global"]
    assert set(monitors.values()) == {(settings["scrape_interval"], settings["scrape_timeout"])}


def test_whence_yaml_and_the_targets_names_are_followed(other: Path) -> None:
    resources = read(other)
    assert {each["metadata"]["namespace"] for each in resources} == {"observability"}
    operated = [each for each in resources if each["kind"] != "ConfigMap"]
    assert {each["metadata"]["labels"]["release"] for each in operated} == {"kps"}
    rules = [rule for group in read_rules(other).values() for rule in group["rules"] if "alert" in rule]
    assert {rule["labels"]["namespace"] for rule in rules} == {"observability"}
    assert "Server Errors" not in {rule["alert"] for rule in rules}
    assert rules[0]["annotations"]["runbook_url"].startswith("https://inbox.example.org/runbooks/")
    (routing,) = (each["spec"] for each in resources if each["kind"] == "AlertmanagerConfig")
    (webhook,) = routing["receivers"][0]["webhookConfigs"]
    assert webhook["url"] == "http://whence-incidents.observability.svc:8010/webhooks/alerts"


def test_values_for_the_chart_follow_from_whence_yaml(other: Path) -> None:
    values = yaml.safe_load((other / "values.yaml").read_text())
    environment = values["incidents"]["environment"]
    assert environment["RECOMMENDER_STORAGE_DEADLINE"] == "0.4"
    assert environment["GRAFANA_URL"] == "https://grafana.example.org"
    assert environment["INCIDENTS_URL"] == "https://inbox.example.org"
    assert "^iban$$" in values["collector"]["config"]["processors"]["redaction"]["blocked_key_patterns"]


def test_twice_is_the_same_and_what_is_no_longer_made_is_removed(out: Path, tmp_path: Path) -> None:
    assert command(tmp_path / "it").returncode == 0
    stale = tmp_path / "it" / "resources" / "dashboard-gone.yaml"
    stale.write_text("{}")
    assert command(tmp_path / "it").returncode == 0
    assert not stale.exists()
    for path in (out / "resources").iterdir():
        assert (tmp_path / "it" / "resources" / path.name).read_bytes() == path.read_bytes()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = command(tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} has files that are not of this command: name an empty folder as OUT\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(("option", "told"), [("--namespace", "NAMESPACE"), ("--stack", "STACK")])
def test_a_name_that_is_none_is_told(option: str, told: str, tmp_path: Path) -> None:
    done = command(tmp_path / "it", option, "My_Team")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{told} is 'My_Team': write at most 63 lower-case letters")
    assert not (tmp_path / "it").exists()
