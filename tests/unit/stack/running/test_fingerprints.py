"""A second `make up` applies what was edited, in containers to the parts it is about, or says what does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.build import ComponentMissing, binary
from config import Config, load
from stack import ROOT, __main__, generated
from stack.running import compose, containers, fingerprints, processes
from stack.running.container_secrets import READERS
from stack.settings import Settings
from tests.unit.alerts.chosen import choose

GROUPS = {reader.name: str(reader.group) for reader in READERS}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the checkout, with `data` in it."""
    monkeypatch.setattr(fingerprints, "ROOT", tmp_path)
    monkeypatch.setattr(fingerprints, "DATA", tmp_path / "data")
    monkeypatch.setattr(fingerprints, "RUN", tmp_path / "data" / "run")
    monkeypatch.setattr(generated, "FOLDER", tmp_path / "data" / "generated")
    for name in ("jaeger/config.yaml", "data/generated/rules/alerts.yaml", "data/flags/flags.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("as at the start")
    return tmp_path


def find_changed(checkout: Path, before: dict[str, Any], settings: Settings) -> set[str]:
    """The services whose label is another one than before."""
    now = label(checkout, settings)["services"]
    return {name for name in now if now[name] != before["services"].get(name)}


def label(checkout: Path, settings: Settings) -> dict[str, Any]:
    mounted = {
        "prometheus": [checkout / "data/generated/rules"],
        "jaeger": [checkout / "jaeger/config.yaml"],
        "recommender": [checkout / "data/flags", Path("/dev/null")],
        "incidents": [],
    }
    services = {
        name: {
            "volumes": [{"type": "volume", "source": "secrets"}]
            + [{"type": "bind", "source": str(source)} for source in sources],
            "group_add": [GROUPS[name]] if name in GROUPS else [],
        }
        for name, sources in mounted.items()
    }
    return fingerprints.label_containers({"services": services}, settings)


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("data/generated/rules/alerts.yaml", {"prometheus"}),
        ("data/generated/rules/more.yaml", {"prometheus"}),
        ("jaeger/config.yaml", {"jaeger"}),
        ("data/flags/flags.json", set()),
    ],
)
def test_the_container_that_mounts_an_edited_file_gets_another_label(
    checkout: Path, edited: str, changed: set[str]
) -> None:
    before = label(checkout, Settings())
    assert find_changed(checkout, before, Settings()) == set()
    (checkout / edited).write_text("edited")
    assert find_changed(checkout, before, Settings()) == changed


def test_a_data_folder_may_be_named_by_a_way_around(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "FOLDER", checkout / "data" / "run" / ".." / "generated")
    before = label(checkout, Settings())
    (checkout / "data/generated/rules/alerts.yaml").write_text("edited")
    assert find_changed(checkout, before, Settings()) == {"prometheus"}


@pytest.mark.parametrize(
    ("chosen", "changed"),
    [
        ({"oidc_client_secret": "a-secret"}, {"incidents"}),
        (
            {
                "storage_endpoint": "https://s3.example.org",
                "storage_access_key": "mine",
                "storage_secret_key": "a-secret",
            },
            {"recommender"},
        ),
    ],
)
def test_so_does_the_reader_of_a_changed_secret_which_no_label_shows(
    checkout: Path, chosen: dict[str, str], changed: set[str]
) -> None:
    before = label(checkout, Settings())
    assert find_changed(checkout, before, Settings.model_validate(chosen)) == changed
    assert "a-secret" not in str(label(checkout, Settings.model_validate(chosen)))


def test_all_that_is_mounted_of_the_checkout_counts() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, service in services.items():
        for volume in service.get("volumes", ()):
            source = volume.replace("${WHENCE_GENERATED:-.}", ".").split(":")[0]
            if source.startswith("./") and "$" not in source:
                assert fingerprints._is_configuration(ROOT / source), f"{name}: {volume}"


def test_compose_then_makes_that_container_anew_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        program = str(binary("docker-compose"))
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    monkeypatch.setattr(compose, "_command", lambda *arguments: [program, *arguments])
    monkeypatch.setattr(containers, "LABELS", tmp_path / "run" / "labels.json")
    monkeypatch.setattr(generated, "FOLDER", tmp_path / "generated")
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    with choose("alerts: {high-storage-latency: {threshold: 440}}\n", tmp_path):
        generated.update(load())
    rules = tmp_path / "generated" / "alerts" / "generated" / "prometheus" / "alerts.yaml"

    def ask_hashes() -> set[str]:
        """A line for each container; compose makes anew one whose hash is not that of its start."""
        variables = containers._add_labels(Settings(), {})
        return set(compose.ask("config", "--hash", "*", variables=variables).splitlines())

    before = ask_hashes()
    assert ask_hashes() == before
    rules.write_text(rules.read_text().replace("> 440", "> 450"))
    assert {line.split()[0] for line in ask_hashes() - before} == {"prometheus"}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that were started with the defaults."""
    monkeypatch.setattr(fingerprints, "FILE", tmp_path / "started.json")
    monkeypatch.setattr(processes, "supervisor_alive", lambda: True)
    monkeypatch.setattr(processes, "read_processes", list)
    fingerprints.note_start(Settings(), Config())


def test_running_processes_that_nothing_changed_for_are_left_alone(
    running: None, capsys: pytest.CaptureFixture[str]
) -> None:
    __main__.up()
    said = capsys.readouterr().out
    assert "Already running." in said and "Changed" not in said


def test_what_changed_since_they_started_is_named_and_what_applies_it(
    running: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "whence.yaml").write_text("storage: {deadline: 400ms}\n")
    monkeypatch.setenv("WHENCE_CONFIG", str(tmp_path / "whence.yaml"))
    monkeypatch.setenv("SERIES_PER_SERVICE", "20000")
    monkeypatch.setenv("MODE", "processes")
    __main__.up()
    said = " ".join(capsys.readouterr().out.split())
    assert "Changed since the start: whence.yaml, SERIES_PER_SERVICE. `make down up` applies it" in said
    assert (tmp_path / "started.json").stat().st_mode & 0o777 == 0o600


def test_processes_of_an_older_checkout_are_known_by_what_they_lack(
    running: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "started.json").unlink()
    __main__.up()
    assert "Changed since the start: the checkout." in " ".join(capsys.readouterr().out.split())
