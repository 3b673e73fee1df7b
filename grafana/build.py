"""Dashboards → grafana/generated/*.json, checked; `python -m generation` writes them."""

import json
from pathlib import Path

from config import Config
from grafana.dashboards import build_all
from grafana.model import check_dashboards
from grafana.provisioned import check_provisioning
from prometheus import artifacts

FOLDER = Path(__file__).parent / "generated"


def generate(config: Config) -> artifacts.Files:
    """The dashboards' JSON by file name. Raises ValueError when Grafana would not read it as meant."""
    contents = build_all(config)
    check_dashboards(contents, check_provisioning())
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in contents.items()
    }
