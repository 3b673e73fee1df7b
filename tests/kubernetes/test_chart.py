"""The chart by itself: Helm accepts it, its pods may do little, and wrong values are told by name."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.build import ensure
from tests.kubernetes.helm import (
    CHART,
    FIRST_VERSION,
    NEEDED,
    PRESETS,
    REQUIRED,
    helm,
    preset,
    read_moving_pod,
    template,
    without,
    write_first_chart,
    write_values,
)

COMPONENTS = ("incidents", "ingest", "collector")
PRESET = pytest.mark.parametrize("name", PRESETS)


def workloads(resources: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Specs by component."""
    return of_kind(resources, "Deployment") | of_kind(resources, "StatefulSet")


def variables(spec: dict[str, Any]) -> dict[str, Any]:
    """The environment of a workload's container: values, or where they come from."""
    (container,) = spec["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def of_kind(resources: Sequence[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Specs by component."""
    return {
        resource["metadata"]["labels"]["app.kubernetes.io/component"]: resource["spec"]
        for resource in resources
        if resource["kind"] == kind
    }


@PRESET
def test_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    done = helm("lint", str(CHART), "--strict", preset(name), write_values(tmp_path, NEEDED[name]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr
    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout


@PRESET
def test_every_pod_is_confined_probed_and_limited(name: str, tmp_path: Path) -> None:
    found = workloads(template(tmp_path, name))
    assert found.keys() == set(COMPONENTS)
    for spec in found.values():
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
    resources = template(tmp_path, name)
    labels = {
        component: spec["template"]["metadata"]["labels"] for component, spec in workloads(resources).items()
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
    kinds = {resource["kind"] for resource in template(tmp_path, name)}
    assert kinds - {"StatefulSet"} == {
        "ConfigMap",
        "Deployment",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }


def test_secrets_come_from_the_secret_that_is_named(tmp_path: Path) -> None:
    given = variables(workloads(template(tmp_path, "small"))["incidents"])
    assert given["WEBHOOK_TOKEN"] == {"secretKeyRef": {"name": "whence", "key": "WEBHOOK_TOKEN"}}
    for name in ("SESSION_SECRET", "OIDC_CLIENT_SECRET"):
        assert given[name] == {"secretKeyRef": {"name": "whence", "key": name, "optional": True}}


def test_the_secret_can_be_made_by_external_secrets(tmp_path: Path) -> None:
    asked = (
        "--set=externalSecrets.store=vault,externalSecrets.kind=ClusterSecretStore,externalSecrets.key=a/b"
    )
    (made,) = (each for each in template(tmp_path, "small", asked) if each["kind"] == "ExternalSecret")
    assert made["spec"]["target"]["name"] == "whence"
    assert made["spec"]["secretStoreRef"] == {"name": "vault", "kind": "ClusterSecretStore"}
    assert made["spec"]["dataFrom"] == [{"extract": {"key": "a/b"}}]


def test_without_a_database_one_inbox_has_its_file_to_itself(tmp_path: Path) -> None:
    resources = template(tmp_path, "small")
    inbox = of_kind(resources, "Deployment")["incidents"]
    assert (inbox["replicas"], inbox["strategy"]) == (1, {"type": "Recreate"})
    assert variables(inbox)["INCIDENTS_DATABASE"] == "/var/lib/incidents/incidents.db"
    assert "incidents" in of_kind(resources, "PersistentVolumeClaim")


def test_with_a_database_two_inboxes_are_replaced_one_by_one_each_with_its_trail(tmp_path: Path) -> None:
    resources = template(tmp_path, "large")
    inbox = of_kind(resources, "StatefulSet")["incidents"]
    assert (inbox["replicas"], inbox["updateStrategy"]) == (2, {"type": "RollingUpdate"})
    assert inbox["minReadySeconds"] > 0
    assert of_kind(resources, "PodDisruptionBudget")["incidents"]["maxUnavailable"] == 1
    assert variables(inbox)["INCIDENTS_DATABASE"] == {
        "secretKeyRef": {"name": "whence-database", "key": "INCIDENTS_DATABASE"}
    }
    (claim,) = inbox["volumeClaimTemplates"]
    (container,) = inbox["template"]["spec"]["containers"]
    mounted = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert mounted[str(Path(variables(inbox)["ACCESS_FILE"]).parent)] == claim["metadata"]["name"]
    assert "incidents" not in of_kind(resources, "PersistentVolumeClaim")


def test_a_new_version_of_the_chart_changes_nothing_that_a_stateful_set_cannot_change(tmp_path: Path) -> None:
    claim = of_kind(template(tmp_path, "large"), "StatefulSet")["incidents"]["volumeClaimTemplates"][0]
    assert claim["metadata"]["labels"].keys() == {
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
    }


def test_the_inbox_alone_needs_neither_a_collector_nor_a_place_for_spans(tmp_path: Path) -> None:
    off = {each: {"enabled": False} for each in ("collector", "ingest")}
    values = write_values(tmp_path, {**without(["jaeger", "otlp"]), **off})
    done = helm("template", "whence", str(CHART), preset("small"), values)
    assert done.returncode == 0, done.stderr
    resources = list(yaml.safe_load_all(done.stdout))
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "PersistentVolumeClaim"):
        assert of_kind(resources, kind).keys() == {"incidents"}, kind
    given = variables(workloads(resources)["incidents"])
    assert given["OTEL_SDK_DISABLED"] == "true" and "OTEL_EXPORTER_OTLP_ENDPOINT" not in given
    policy = of_kind(resources, "NetworkPolicy")["incidents"]
    assert 4318 not in {port["port"] for rule in policy["egress"] for port in rule["ports"]}


def test_without_a_collector_telemetry_goes_where_it_is_told_and_ingest_is_open(tmp_path: Path) -> None:
    address = "http://collector.telemetry:4318"
    more = {
        each: {"environment": {"OTEL_EXPORTER_OTLP_ENDPOINT": address}} for each in ("incidents", "ingest")
    }
    values = write_values(tmp_path, {**more, "collector": {"enabled": False}}, "more")
    resources = template(tmp_path, "small", values)
    found = workloads(resources)
    assert found.keys() == more.keys()
    for spec in found.values():
        assert variables(spec)["OTEL_EXPORTER_OTLP_ENDPOINT"] == address
        assert "OTEL_SDK_DISABLED" not in variables(spec)
    (rule,) = of_kind(resources, "NetworkPolicy")["ingest"]["ingress"]
    assert {"namespaceSelector": {}} in rule["from"]


@pytest.mark.parametrize("component", ["incidents", "ingest"])
def test_replicas_are_spread_over_nodes_and_zones(component: str, tmp_path: Path) -> None:
    spec = workloads(template(tmp_path, "large"))[component]
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    ]
    for each in spread:
        assert each["labelSelector"]["matchLabels"] == spec["template"]["metadata"]["labels"]


def test_only_the_inbox_reaches_the_database_where_that_is_said_to_be(tmp_path: Path) -> None:
    where = [{"ipBlock": {"cidr": "192.0.2.7/32"}}]
    more = write_values(tmp_path, {"networkPolicy": {"databases": where, "databasePort": 6432}}, "more")
    policies = of_kind(template(tmp_path, "large", more), "NetworkPolicy")
    rule = {"ports": [{"port": 6432}], "to": where}
    assert [name for name, policy in policies.items() if rule in policy["egress"]] == ["incidents"]
    without_one = of_kind(template(tmp_path, "small", more), "NetworkPolicy")
    assert all(rule not in policy["egress"] for policy in without_one.values())


def test_the_pod_that_moves_incidents_reads_the_file_of_the_single_inbox_as_its_user(tmp_path: Path) -> None:
    incidents = workloads(template(tmp_path, "small"))["incidents"]
    inbox = incidents["template"]["spec"]
    pod = read_moving_pod()["spec"]
    (container,), (own,) = pod["containers"], inbox["containers"]
    claims = [each["persistentVolumeClaim"] for each in inbox["volumes"] if "persistentVolumeClaim" in each]
    assert [volume["persistentVolumeClaim"] for volume in pod["volumes"]] == claims
    assert pod["securityContext"].items() <= inbox["securityContext"].items()
    assert container["securityContext"] == own["securityContext"]
    assert container["volumeMounts"][0]["mountPath"] == own["volumeMounts"][0]["mountPath"]
    file = variables(incidents)["INCIDENTS_DATABASE"]
    assert f"services.incidents.moving {file} " in container["args"][2]


def test_the_values_of_the_first_version_still_make_the_same_inbox(tmp_path: Path) -> None:
    """Given again, and by `helm upgrade --reuse-values`, with which Helm keeps the former defaults, too."""
    given = f"--values={FIRST_VERSION}"
    again = template(tmp_path, "small", given)
    assert template(tmp_path, "small", given, chart=write_first_chart(tmp_path)) == again
    inbox = of_kind(again, "Deployment")["incidents"]
    assert inbox["replicas"] == 1
    assert variables(inbox)["INCIDENTS_ADDRESS"] == "127.0.0.1"
    assert variables(inbox)["INCIDENTS_URL"] == "https://inbox.example.org"


@PRESET
def test_the_collector_accepts_its_configuration(name: str, tmp_path: Path) -> None:
    made = yaml.safe_dump({"collector": {"config": {"processors": {"redaction": {"ignored_keys": ["a"]}}}}})
    (tmp_path / "made.yaml").write_text(made)
    resources = template(tmp_path, name, f"--values={tmp_path / 'made.yaml'}")
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


@pytest.mark.parametrize("more", [{}, {"incidents": {"database": {"key": "uri"}}}])
def test_two_inboxes_without_a_database_are_refused(more: dict[str, Any], tmp_path: Path) -> None:
    values = write_values(tmp_path, {**REQUIRED, **more})
    done = helm("template", "whence", str(CHART), preset("large"), values)
    assert done.returncode != 0
    assert "at '/incidents/database': missing property 'secret'" in done.stderr


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
        ("ingest.enabled=false", "at '/ingest/enabled': value must be true"),
        ("ingest.replicas=0", "at '/ingest/replicas': minimum: got 0, want 1"),
        ("incidents.persistence.size=5", "at '/incidents/persistence/size': got number, want string"),
        ("incidents.replicas=0", "at '/incidents/replicas': minimum: got 0, want 1"),
        ("incidents.database.secret=", "at '/incidents/database/secret': '' does not match pattern"),
        (
            "externalSecrets.store=vault",
            "at '/externalSecrets': properties 'key' required, if 'store' exists",
        ),
        ("networkPolicy.databasePort=0", "at '/networkPolicy/databasePort': minimum: got 0, want 1"),
        ("existingSecret=My Secret", "at '/existingSecret': 'My Secret' does not match pattern"),
    ],
)
def test_a_wrong_value_is_named(setting: str, told: str, tmp_path: Path) -> None:
    values = write_values(tmp_path, REQUIRED)
    done = helm("template", "whence", str(CHART), preset("small"), values, "--set", setting)
    assert done.returncode != 0
    assert told in done.stderr
