"""whence.yaml has one reader, and what a service and those who watch it share is written there alone."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alerts.rules import all_alerts
from config import Config, service_environment
from diagnosis import diagnose
from diagnosis.packs.recommender.collection import searches
from diagnosis.packs.recommender.limits import Limits
from diagnosis.packs.recommender.queries import queries
from generation.builds import configure_containers
from grafana.dashboards import build_all
from services.demo.recommender.settings import RecommenderSettings
from services.demo.traffic.settings import TrafficSettings
from services.demo.trainer.settings import TrainerSettings
from services.incidents.settings import Settings as IncidentsSettings
from stack import ROOT
from stack.settings import Settings, process_environment
from tests.unit.diagnosis.packs.recommender import telemetry
from tests.unit.diagnosis.packs.recommender.judging import ALERT_AFTER
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES

PACKAGES = [
    "alerts",
    "bench",
    "components",
    "config",
    "decisions",
    "diagnosis",
    "examples",
    "faults",
    "generation",
    "grafana",
    "prometheus",
    "report",
    "services",
    "stack",
    "telemetry",
]
READERS = {
    "bench/alert_delay.py",
    "bench/outage.py",
    "bench/overhead/__main__.py",
    "bench/shadow.py",
    "decisions/experiments/__main__.py",
    "generation/__main__.py",
    "generation/kubernetes/__main__.py",
    "report/__main__.py",
    "stack/__main__.py",
    "stack/doctor.py",
    "stack/models/decisions.py",
}
"""Entries of commands, which hand the configuration on."""

CHOSEN = Config.model_validate(
    {
        "storage": {"deadline": "400ms"},
        "recommendations": {"k": 5, "attribution_window": "40s"},
        "objectives": {"latency": {"threshold": "200ms"}},
    }
)


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file.read_text()


def calls_load(text: str) -> bool:
    """Whether `load` of the package `config` is used."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module in ("config", "config.loading"):
            if any(name.name == "load" for name in node.names):
                return True
        if isinstance(node, ast.Attribute) and node.attr == "load":
            if isinstance(node.value, ast.Name) and node.value.id == "config":
                return True
    return False


def test_only_entries_of_commands_read_the_configuration() -> None:
    assert {name for name, text in sources() if calls_load(text)} - {"config/__init__.py"} == READERS


def test_one_module_opens_the_file() -> None:
    opening = {name for name, text in sources() if "whence.yaml" in text and "WHENCE_CONFIG" in text}
    assert opening == {"config/loading.py"}


WITH_PACKAGES_OF_THEIR_OWN = ("bench/overhead", "examples/")


def test_no_module_reads_it_when_it_is_imported(tmp_path: Path) -> None:
    broken = tmp_path / "whence.yaml"
    broken.write_text("colour: red\n")
    names = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, _ in sources()
        if not name.startswith(WITH_PACKAGES_OF_THEIR_OWN)
    ]
    script = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "WHENCE_CONFIG": str(broken)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that services get."""
    for name, value in {**service_environment(CHOSEN), "WEBHOOK_TOKEN": "a-token-for-tests"}.items():
        monkeypatch.setenv(name, value)


def test_processes_and_containers_are_told_the_same() -> None:
    written = dict(
        line.split("=", 1) for line in configure_containers(CHOSEN)["services.env"].splitlines()[1:]
    )
    given = process_environment(Settings(), {}, CHOSEN)
    for name, value in service_environment(CHOSEN).items():
        assert written[name] == given[name] == value
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    read_by = {name for name, service in compose.items() if "services.env" in str(service.get("env_file"))}
    assert read_by == {"recommender", "trainer", "traffic", "incidents"}


def test_grafana_and_alertmanager_get_the_receivers_secrets_and_nothing_else_of_dotenv(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_URL", "https://hooks.example.org/a")
    slack = {"name": "team", "type": "slack", "url": "${SLACK_URL}"}
    written = configure_containers(Config.model_validate({"receivers": [slack]}))["receivers.env"]
    assert written.splitlines()[1:] == ["SLACK_URL=${SLACK_URL}"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    files = {name: str(service.get("env_file")) for name, service in compose.items()}
    assert {name for name, file in files.items() if "receivers.env" in file} == {"grafana", "alertmanager"}
    assert not [name for name, file in files.items() if "'.env'" in file]


def test_the_storage_deadline_is_followed_by_all(told: None) -> None:
    alerts = {alert.slug: alert for alert in all_alerts(CHOSEN)}
    assert alerts["storage-slower-than-deadline"].threshold == 0.4
    assert "0.4" in alerts["storage-misses-deadlines"].query
    assert RecommenderSettings().storage_deadline == 0.4
    inbox = IncidentsSettings()  # type: ignore[call-arg]
    assert inbox.deadline_ms == 400
    assert searches(0, 900, inbox.limits.storage_deadline)[-1].parameters["minDuration"] == "400ms"


def test_the_storage_deadline_is_followed_by_its_panel() -> None:
    (panel,) = (
        panel
        for panel in build_all(CHOSEN)["recommendation-quality-and-storage.json"]["panels"]
        if panel["title"] == "Storage latency quantiles"
    )
    assert [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]][-1] == 0.4


def test_the_latency_objective_is_followed_by_the_diagnosis(told: None) -> None:
    limits = IncidentsSettings().limits  # type: ignore[call-arg]
    assert "0.2" in queries(limits)["slow"] and "0.2" not in queries(Limits())["slow"]


def test_k_is_followed_by_all(told: None) -> None:
    assert RecommenderSettings().k == TrafficSettings().k == TrainerSettings().k == 5


def test_the_attribution_window_is_followed_by_service_and_diagnosis(
    told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = RecommenderSettings().attribution_window
    assert window == 40
    monkeypatch.setattr(telemetry, "LABEL_DELAY", window)
    world = CAUSES["concept-drift"][1](1)
    told_15_s = world.evidence()
    told_40_s = told_15_s.model_copy(update={"limits": IncidentsSettings().limits.model_dump()})  # type: ignore[call-arg]
    blurred, sharp = (
        diagnose(evidence, alerted_at=world.onset + ALERT_AFTER).measure_after
        for evidence in (told_15_s, told_40_s)
    )
    assert sharp is not None and blurred is not None and sharp < blurred - 0.02


def test_a_service_that_runs_alone_has_the_defaults_of_the_file() -> None:
    given = service_environment(Config())
    recommender, inbox = RecommenderSettings(), IncidentsSettings(webhook_token="a-token-for-tests")  # type: ignore[arg-type]
    assert float(given["RECOMMENDER_STORAGE_DEADLINE"]) == recommender.storage_deadline
    assert float(given["RECOMMENDER_ATTRIBUTION_WINDOW"]) == recommender.attribution_window
    assert int(given["RECOMMENDER_K"]) == recommender.k == TrafficSettings().k == TrainerSettings().k
    assert float(given["RECOMMENDER_SHADOW_PROCESSOR"]) == recommender.shadow_processor
    assert float(given["RECOMMENDER_SHADOW_MAX_LAG"]) == recommender.shadow_max_lag
    assert float(given["RECOMMENDER_LATENCY_LIMIT"]) == inbox.recommender_latency_limit
    assert inbox.limits == Limits()
    assert (inbox.limits.storage_deadline, inbox.limits.attribution_window) == (0.25, 15)
