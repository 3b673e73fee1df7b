"""A real API server takes the rendered resources and the chart, without a warning, and an upgrade of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import ROOT
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.helm import (
    CHART,
    DATABASE,
    FIRST_VERSION,
    NEEDED,
    PRESETS,
    helm,
    preset,
    read_moving_pod,
    template,
    write_first_chart,
    write_values,
)
from tests.unit.alerts.chosen import MINE, VARIABLES

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
"""Kubernetes' strictest standard: a Deployment whose pods break it is warned of, such a pod refused."""


def make_namespace(cluster: Cluster, name: str) -> str:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    assert cluster.apply(manifest).is_clean
    return name


def render(folder: Path, namespace: str, config: str = "") -> list[dict[str, Any]]:
    """What `make generate TARGET=kubernetes` writes."""
    (folder / "whence.yaml").write_text(config)
    out = folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "generation.kubernetes", "--out", str(out), "--namespace", namespace],
        env={**os.environ, "WHENCE_CONFIG": str(folder / "whence.yaml"), **dict.fromkeys(VARIABLES, "x")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts = [path.read_text() for path in sorted((out / "resources").iterdir())]
    return [resource for text in texts for resource in yaml.safe_load_all(text)]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """With every kind of receiver and a mute time."""
    config = MINE.replace("Europe/Zurich", "UTC")
    return render(tmp_path_factory.mktemp("rendered"), "rendered", config)


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[str]:
    yield make_namespace(cluster, "installed")


def test_rendered_resources_are_accepted_twice(cluster: Cluster, rendered: list[dict[str, Any]]) -> None:
    make_namespace(cluster, "rendered")
    kinds = {resource["kind"] for resource in rendered}
    assert kinds == {"AlertmanagerConfig", "ConfigMap", "PrometheusRule", "ServiceMonitor"}
    for resource in rendered:
        first = cluster.apply(resource)
        assert first.is_clean, first
        again = cluster.apply(resource)
        assert again.is_clean, again
        assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


@pytest.mark.parametrize("name", PRESETS)
def test_the_charts_resources_are_accepted(name: str, cluster: Cluster, tmp_path: Path) -> None:
    namespace = make_namespace(cluster, f"templated-{name}")
    resources = template(tmp_path, name, namespace=namespace)
    for resource in resources:
        applied = cluster.apply(resource)
        assert applied.is_clean, applied


@pytest.mark.parametrize("name", PRESETS)
def test_the_pods_pass_the_strictest_standard(name: str, cluster: Cluster, tmp_path: Path) -> None:
    namespace = make_namespace(cluster, f"pods-{name}")
    resources = template(tmp_path, name, namespace=namespace)
    (account,) = (resource for resource in resources if resource["kind"] == "ServiceAccount")
    assert cluster.apply(account).is_clean
    workloads = [resource for resource in resources if resource["kind"] in ("Deployment", "StatefulSet")]
    assert len(workloads) == 3
    for workload in workloads:
        pod = as_pod(workload)
        created = cluster.create(pod, dry_run=True)
        assert created.is_clean, created
        pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
        assert cluster.create(pod, dry_run=True).status == 403


def as_pod(workload: dict[str, Any]) -> dict[str, Any]:
    """A pod as its controller would make it."""
    metadata = {"name": "one", "namespace": workload["metadata"]["namespace"]}
    spec = dict(workload["spec"]["template"]["spec"])
    for claim in workload["spec"].get("volumeClaimTemplates", ()):
        name = claim["metadata"]["name"]
        volume = {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-0"}}
        spec["volumes"] = [*spec["volumes"], volume]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_a_warning_and_an_unknown_field_would_be_seen(cluster: Cluster, tmp_path: Path) -> None:
    namespace = make_namespace(cluster, "faulty")
    resources = template(tmp_path, "small", namespace=namespace)
    deployment = next(resource for resource in resources if resource["kind"] == "Deployment")
    del deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    warned = cluster.apply(deployment, dry_run=True)
    assert warned.status in (200, 201) and "would violate PodSecurity" in warned.warnings[0]
    deployment["spec"]["replica"] = 1
    assert "replica" in cluster.apply(deployment, dry_run=True).body["message"]


def test_it_is_installed_and_upgraded_from_the_first_versions_values(
    installed: str, cluster: Cluster, tmp_path: Path
) -> None:
    first, where = f"--values={FIRST_VERSION}", f"--namespace={installed}"
    chart = write_first_chart(tmp_path)
    done = helm("install", "whence", str(chart), where, first, environment=cluster.environment)
    assert (done.returncode, done.stderr) == (0, "")
    before = find_workloads(cluster, installed)
    claim = cluster.get("PersistentVolumeClaim", "v1", installed, "whence-incidents")
    more = ("--reuse-values", "--set=images.services.tag=0.2.0")
    done = helm("upgrade", "whence", str(CHART), where, *more, environment=cluster.environment)
    assert (done.returncode, done.stderr) == (0, "")
    after = find_workloads(cluster, installed)
    assert before.keys() == after.keys() == {"whence-collector", "whence-incidents", "whence-ingest"}
    assert find_image(before["whence-incidents"]) == "registry.example.org/whence/services:0.1.0"
    assert find_image(after["whence-incidents"]) == "registry.example.org/whence/services:0.2.0"
    kept = cluster.get("PersistentVolumeClaim", "v1", installed, "whence-incidents")
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"]


def test_from_there_it_goes_on_with_a_database_and_the_former_volume_stays(
    installed: str, cluster: Cluster, tmp_path: Path
) -> None:
    first, where = f"--values={FIRST_VERSION}", f"--namespace={installed}"
    values = (first, preset("large"), write_values(tmp_path, DATABASE))
    for _ in range(2):  # the second changes nothing that a StatefulSet could refuse
        upgrade = ("upgrade", "--install", "whence", str(CHART), where, *values)
        done = helm(*upgrade, environment=cluster.environment)
        assert (done.returncode, done.stderr) == (0, "")
    inboxes = cluster.get("StatefulSet", "apps/v1", installed, "whence-incidents")
    assert inboxes["spec"]["replicas"] == 2
    with pytest.raises(AssertionError, match="not found"):
        cluster.get("Deployment", "apps/v1", installed, "whence-incidents")
    kept = cluster.get("PersistentVolumeClaim", "v1", installed, "whence-incidents")
    assert "deletionTimestamp" not in kept["metadata"]


def test_the_pod_that_moves_incidents_is_accepted(installed: str, cluster: Cluster) -> None:
    pod = read_moving_pod()
    pod["metadata"]["namespace"] = installed
    created = cluster.create(pod, dry_run=True)
    assert created.is_clean, created


def test_a_secret_for_external_secrets_is_known_to_its_operator(cluster: Cluster, tmp_path: Path) -> None:
    namespace = make_namespace(cluster, "external")
    asked = "--set=externalSecrets.store=vault,externalSecrets.key=whence"
    resources = template(tmp_path, "small", asked, namespace=namespace)
    (secret,) = (resource for resource in resources if resource["kind"] == "ExternalSecret")
    applied = cluster.apply(secret)
    assert applied.is_clean, applied


def test_the_volumes_stay_when_it_is_uninstalled(cluster: Cluster, tmp_path: Path) -> None:
    namespace = make_namespace(cluster, "uninstalled")
    options = (f"--namespace={namespace}", preset("small"), write_values(tmp_path, NEEDED["small"]))
    done = helm("install", "whence", str(CHART), *options, environment=cluster.environment)
    assert (done.returncode, done.stderr) == (0, "")
    done = helm("uninstall", "whence", f"--namespace={namespace}", environment=cluster.environment)
    assert done.returncode == 0, done.stderr
    for name in ("whence-incidents", "whence-collector"):
        claim = cluster.get("PersistentVolumeClaim", "v1", namespace, name)
        assert "deletionTimestamp" not in claim["metadata"]


def find_workloads(cluster: Cluster, namespace: str) -> dict[str, dict[str, Any]]:
    """Specs by name."""
    names = ("whence-collector", "whence-incidents", "whence-ingest")
    return {name: cluster.get("Deployment", "apps/v1", namespace, name)["spec"] for name in names}


def find_image(spec: dict[str, Any]) -> str:
    return str(spec["template"]["spec"]["containers"][0]["image"])


def test_what_prometheus_has_to_be_told_is_known_to_the_operator(cluster: Cluster) -> None:
    values = yaml.safe_load((ROOT / "deploy" / "helm" / "kube-prometheus-stack.yaml").read_text())
    namespace = make_namespace(cluster, "operated")
    applied = cluster.apply(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "Prometheus",
            "metadata": {"name": "whence", "namespace": namespace},
            "spec": values["prometheus"]["prometheusSpec"],
        }
    )
    assert applied.is_clean, applied
