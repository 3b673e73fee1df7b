"""The Helm chart runs the same programs, with the same configuration, as docker-compose.yml."""

import re
import tomllib
from typing import Any

import yaml

from stack import ROOT

CHART = ROOT / "deploy" / "helm" / "whence"
IMAGES = dict(re.findall(r"^([A-Z]+_IMAGE)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_images_are_those_of_the_containers() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    collector = yaml.safe_load((CHART / "values.yaml").read_text())["images"]["collector"]
    assert f"{collector['repository']}:{collector['tag']}" == IMAGES["COLLECTOR_IMAGE"]
    assert f"whence/services:{chart['appVersion']}" == IMAGES["SERVICES_IMAGE"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == project["version"]


def test_services_are_started_with_the_same_command_as_the_same_user() -> None:
    for component in ("incidents", "ingest"):
        text = (CHART / "templates" / f"{component}.yaml").read_text()
        assert f"args: [{', '.join(SERVICES[component]['command'])}]" in text
        assert f'"user" {SERVICES[component]["user"].split(":")[0]} ' in text
    text = (CHART / "templates" / "collector.yaml").read_text()
    assert f'"user" {SERVICES["collector"]["user"].split(":")[0]} ' in text


def test_the_small_preset_asks_for_the_memory_of_the_containers() -> None:
    values = yaml.safe_load((CHART / "values-small.yaml").read_text())
    for component in ("incidents", "ingest", "collector"):
        limit = SERVICES[component]["deploy"]["resources"]["limits"]["memory"]
        assert values[component]["resources"]["requests"]["memory"] == f"{limit.removesuffix('m')}Mi"


def test_the_collectors_soft_limit_is_where_it_begins_to_refuse() -> None:
    base = yaml.safe_load((ROOT / "collector" / "config.yaml").read_text())["processors"]["memory_limiter"]
    for preset in ("small", "large"):
        values = yaml.safe_load((CHART / f"values-{preset}.yaml").read_text())["collector"]
        limiter = values.get("config", {}).get("processors", {}).get("memory_limiter", base)
        refused = limiter["limit_mib"] - limiter["spike_limit_mib"]
        assert values["environment"]["GOMEMLIMIT"] == f"{refused}MiB"


def test_prometheus_is_asked_for_what_ours_is_set_to() -> None:
    ours = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    file = ROOT / "deploy" / "helm" / "kube-prometheus-stack.yaml"
    spec = yaml.safe_load(file.read_text())["prometheus"]["prometheusSpec"]
    assert spec["otlp"] == {
        "convertHistogramsToNHCB": ours["otlp"]["convert_histograms_to_nhcb"],
        "promoteResourceAttributes": ours["otlp"]["promote_resource_attributes"],
        "keepIdentifyingResourceAttributes": ours["otlp"]["keep_identifying_resource_attributes"],
    }
    assert spec["tsdb"]["outOfOrderTimeWindow"] == ours["storage"]["tsdb"]["out_of_order_time_window"]
    assert spec["enableOTLPReceiver"] and spec["enableRemoteWriteReceiver"]
