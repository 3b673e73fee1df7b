"""Runs Helm on the chart, with the values that a user has to give."""

import copy
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from components.build import ensure
from stack import ROOT

CHART = ROOT / "deploy" / "helm" / "whence"
PRESETS = ("small", "large")
FIRST_VERSION = Path(__file__).parent / "first-version-given.yaml"
FIRST_DEFAULTS = Path(__file__).parent / "first-version-defaults.yaml"
"""The values that a user of chart 0.1.0 gave, and those it had itself: an upgrade from them is tried."""
REQUIRED: Mapping[str, Any] = {
    "existingSecret": "whence",
    "prometheus": {"url": "http://kube-prometheus-stack-prometheus.monitoring:9090"},
    "jaeger": {"url": "http://jaeger-query.tracing:16686", "otlp": "jaeger-collector.tracing:4317"},
    "images": {"services": {"repository": "registry.example.org/whence/services"}},
}
DATABASE = {"incidents": {"database": {"secret": "whence-database"}}}
NEEDED: Mapping[str, Mapping[str, Any]] = {"small": REQUIRED, "large": {**REQUIRED, **DATABASE}}
"""By preset."""


def helm(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What Helm said, whatever its exit status. It reads nothing of this user's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))}
    return subprocess.run(
        [ensure(["helm"])["helm"], *arguments],
        env={**own, "HELM_NO_PLUGINS": "1", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def write_values(folder: Path, values: Mapping[str, Any], name: str = "required") -> str:
    """The option that makes Helm read them."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(dict(values)))
    return f"--values={file}"


def preset(name: str) -> str:
    """The option that makes Helm read one of the chart's own files of values."""
    return f"--values={CHART / f'values-{name}.yaml'}"


def without(path: Sequence[str], values: Mapping[str, Any] = REQUIRED) -> dict[str, Any]:
    """The values but the one at the path."""
    rest = copy.deepcopy(dict(values))
    parent = rest
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return rest


def write_first_chart(folder: Path) -> Path:
    """This chart with the first version's defaults, which an upgrade with --reuse-values keeps."""
    chart = shutil.copytree(CHART, folder / "first")
    shutil.copy(FIRST_DEFAULTS, chart / "values.yaml")
    return chart


def template(
    folder: Path, name: str, *options: str, namespace: str = "whence", chart: Path = CHART
) -> list[dict[str, Any]]:
    """The chart's resources with the preset `name`."""
    given = (preset(name), write_values(folder, NEEDED[name]), *options)
    done = helm("template", "whence", str(chart), f"--namespace={namespace}", *given)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def read_moving_pod() -> dict[str, Any]:
    """The pod of docs/kubernetes.md that moves incidents into a database."""
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    pod: dict[str, Any] = yaml.safe_load(text.split("<<'END'\n")[1].split("END\n")[0])
    return pod
