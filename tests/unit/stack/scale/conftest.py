from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import ROOT
from stack.scale.overlay import Folders, Overlay, Programs
from stack.scale.places import Places, on_loopback
from stack.scale.processes import build
from stack.settings import Settings

NETWORK = "127.0.99"


@pytest.fixture
def places() -> Places:
    return on_loopback(NETWORK)


@pytest.fixture
def processes(places: Places) -> dict[str, dict[str, Any]]:
    """The overlay's processes, of the single stack's as they are."""
    programs = Programs(Path("/java"), Path("/jars/kafka"), Path("/jars/cassandra"), Path("/haproxy"))
    folders = Folders(ROOT, Path("/run"), Path("/data"))
    single = yaml.safe_load((ROOT / "process-compose.yaml").read_text())
    overlay = Overlay(places, folders, programs, Settings().ports, "127.0.0.1", "30d", own_database=True)
    built: dict[str, dict[str, Any]] = build(overlay, single)["processes"]
    return built
