"""The chart by itself: Helm accepts it, its pods may do little, and wrong values are told by name."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.build import ensure
from tests.kubernetes.helm import CHART, PRESETS, REQUIRED, helm, preset, template, without, write_values

COMPONENTS = ("incidents", "ingest", "collector")
PRESET = pytest.mark.parametrize("name", PRESETS)


def of_kind(resources: Sequence[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Specs by component."""
    return {
        resource["metadata"]["labels"]["app.kubernetes.io/component"]: resource["spec"]
        for resource in resources
        if resource["kind"] == kind
    }


@PRESET
def test_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    done = helm("lint", str(CHART), "--strict", preset(name), write_values(tmp_path, REQUIRED))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr
    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout


@PRESET
def test_every_pod_is_confined_probed_and_limited(name: str, tmp_path: Path) -> None:
    deployments = of_kind(template(tmp_path, preset(name)), "Deployment")
    assert deployments.keys() == set(COMPONENTS)
    for spec in deployments.values():
        pod = spec["template"]["spec"]
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] >= 10_000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}


@PRESET
def test_every_component_has_a_budget_a_policy_and_a_service_of_its_pods(name: str, tmp_path: Path) -> None:
    resources = template(tmp_path, preset(name))
    labels = {
        component: spec["template"]["metadata"]["labels"]
        for component, spec in of_kind(resources, "Deployment").items()
    }
    budgets, policies = of_kind(resources, "PodDisruptionBudget"), of_kind(resources, "NetworkPolicy")
    services = of_kind(resources, "Service")
    for component in COMPONENTS:
        for selected in (
            budgets[component]["selector"]["matchLabels"],
            policies[component]["podSelector"]["matchLabels"],
            services[component]["selector"],
        ):
            assert selected == labels[component]
        opened = {port["port"] for rule in policies[component]["ingress"] for port in rule["ports"]}
        assert opened == {port["port"] for port in services[component]["ports"]}


@PRESET
def test_nothing_is_allowed_to_ask_the_api_server_and_no_secret_is_made(name: str, tmp_path: Path) -> None:
    kinds = {resource["kind"] for resource in template(tmp_path, preset(name))}
    assert kinds == {
        "ConfigMap",
        "Deployment",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }


def test_the_token_comes_from_the_secret_that_is_named(tmp_path: Path) -> None:
    pod = of_kind(template(tmp_path, preset("small")), "Deployment")["incidents"]["template"]["spec"]
    variables = {each["name"]: each for each in pod["containers"][0]["env"]}
    assert variables["WEBHOOK_TOKEN"]["valueFrom"] == {
        "secretKeyRef": {"name": "whence", "key": "WEBHOOK_TOKEN"}
    }


@PRESET
def test_the_collector_accepts_its_configuration(name: str, tmp_path: Path) -> None:
    made = yaml.safe_dump({"collector": {"config": {"processors": {"redaction": {"ignored_keys": ["a"]}}}}})
    (tmp_path / "made.yaml").write_text(made)
    resources = template(tmp_path, preset(name), f"--values={tmp_path / 'made.yaml'}")
    (files,) = (each["data"] for each in resources if "collector.yaml" in each.get("data", {}))
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    container = of_kind(resources, "Deployment")["collector"]["template"]["spec"]["containers"][0]
    options = [option.replace("/etc/whence", str(tmp_path)) for option in container["args"]]
    given = {each["name"]: each["value"] for each in container["env"]}
    program = ensure(["otelcol-whence"])["otelcol-whence"]
    environment = {**os.environ, **given}
    done = subprocess.run(
        [program, "validate", *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (["existingSecret"], "at '': missing property 'existingSecret'"),
        (["prometheus", "url"], "at '/prometheus': missing property 'url'"),
        (["jaeger", "url"], "at '/jaeger': missing property 'url'"),
        (["jaeger", "otlp"], "at '/jaeger': missing property 'otlp'"),
        (["images", "services", "repository"], "at '/images/services': missing property 'repository'"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, list) else "",
)
def test_a_required_value_that_is_left_out_is_named(path: list[str], told: str, tmp_path: Path) -> None:
    done = helm("template", "whence", str(CHART), preset("small"), write_values(tmp_path, without(path)))
    assert done.returncode != 0
    assert told in done.stderr


def test_without_a_preset_the_sizes_are_asked_for(tmp_path: Path) -> None:
    done = helm("template", "whence", str(CHART), write_values(tmp_path, REQUIRED))
    assert done.returncode != 0
    for component in COMPONENTS:
        assert f"at '/{component}': missing" in done.stderr
    assert "'resources'" in done.stderr and "'replicas'" in done.stderr


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("jaeger.otlp=http://jaeger:4317", "at '/jaeger/otlp': 'http://jaeger:4317' does not match pattern"),
        ("prometheus.url=prometheus:9090", "at '/prometheus/url': 'prometheus:9090' does not match pattern"),
        ("collector.replicas=2", "at '/collector': additional properties 'replicas' not allowed"),
        ("ingest.replicas=0", "at '/ingest/replicas': minimum: got 0, want 1"),
        ("incidents.persistence.size=5", "at '/incidents/persistence/size': got number, want string"),
        ("existingSecret=My Secret", "at '/existingSecret': 'My Secret' does not match pattern"),
    ],
)
def test_a_wrong_value_is_named(setting: str, told: str, tmp_path: Path) -> None:
    values = write_values(tmp_path, REQUIRED)
    done = helm("template", "whence", str(CHART), preset("small"), values, "--set", setting)
    assert done.returncode != 0
    assert told in done.stderr
