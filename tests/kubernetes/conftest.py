"""One API server for all tests here; what they cannot try is told at the end."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import pins, toolchain
from tests.kubernetes.cluster import Cluster, run_cluster

NOT_TRIED = (
    "NOT TRIED HERE: there is no kubelet, no scheduler, no controller. No pod was scheduled or started, no",
    "volume provisioned; no probe, network policy or disruption budget took effect. What was tried: the API",
    "server of the pinned Kubernetes accepts and stores everything without a warning.",
)
OPERATOR = "github.com/prometheus-operator/prometheus-operator"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("Kubernetes", sep="*", bold=True)
    for line in NOT_TRIED:
        terminalreporter.line(line, bold=True)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """It has Prometheus Operator's definitions."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as running:
        for file in sorted(find_definitions().glob("*.yaml")):
            group, plural = file.stem.split("_")
            applied = running.apply(file.read_text(), name=f"{plural}.{group}")
            assert applied.is_clean, (file.name, applied)
        yield running


def find_definitions() -> Path:
    """The folder of Prometheus Operator's CustomResourceDefinitions, in its module."""
    go = toolchain.find(on_install=print)
    command = [str(go), "mod", "download", "-json", OPERATOR]
    folder = pins.FOLDER / "prometheus-operator"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
