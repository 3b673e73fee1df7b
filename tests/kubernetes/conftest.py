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
OPERATORS = {
    "prometheus-operator": (
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd/*.yaml",
    ),
    "external-secrets": (
        "github.com/external-secrets/external-secrets",
        "config/crds/bases/external-secrets.io_externalsecrets.yaml",
    ),
}
"""By folder of components/: the module, and where it has its CustomResourceDefinitions."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("Kubernetes", sep="*", bold=True)
    for line in NOT_TRIED:
        terminalreporter.line(line, bold=True)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """It has the definitions of the operators."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as running:
        for file in find_definitions():
            group, plural = file.stem.split("_")
            applied = running.apply(file.read_text(), name=f"{plural}.{group}")
            assert applied.is_clean, (file.name, applied)
        yield running


def find_definitions() -> list[Path]:
    """The operators' CustomResourceDefinitions, in their modules."""
    go = toolchain.find(on_install=print)
    found: list[Path] = []
    for name, (module, files) in OPERATORS.items():
        command = [str(go), "mod", "download", "-json", module]
        done = subprocess.run(command, cwd=pins.FOLDER / name, capture_output=True, text=True, check=True)
        found += sorted(Path(json.loads(done.stdout)["Dir"]).glob(files))
    return found
