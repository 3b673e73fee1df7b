"""What is generated, and into which folder."""

import json
from collections.abc import Callable, Mapping

import alerts.build
import grafana.build
from alerts.rules import ALERTS
from config import schema
from prometheus.artifacts import Files


def describe_config() -> Files:
    """The schema of `whence.yaml`, with the names of the alerts there are."""
    content = schema.describe([alert.slug for alert in ALERTS])
    return {"whence.schema.json": json.dumps(content, indent=2) + "\n"}


BUILDS: Mapping[str, Callable[[], Files]] = {
    "config/generated": describe_config,
    "grafana/generated": grafana.build.generate,
    "alerts/generated": alerts.build.generate,
}
"""Builds by their folder in the project."""


def build_all() -> dict[str, Files]:
    """The files of each folder. Raises ValueError when any of them would be wrong."""
    return {folder: build() for folder, build in BUILDS.items()}
