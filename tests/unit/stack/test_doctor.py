import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from components import memory
from components.pins import COMPONENTS
from config import Config, ConfigError
from stack import StackError, doctor
from stack.checks import configuration, machine, tools
from stack.checks.finding import Finding, Level, good, problem, warning
from stack.settings import Settings

GOOD, WARNING, PROBLEM = Level.GOOD, Level.WARNING, Level.PROBLEM
GB = 1e9
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS_30 = timedelta(days=30)


@pytest.mark.parametrize(
    ("trouble", "wanted", "installed", "level"),
    [
        (None, False, True, GOOD),
        ("docker is not installed", False, False, GOOD),
        ("no engine answers", False, True, WARNING),
        ("no engine answers", True, True, PROBLEM),
    ],
)
def test_container_engine(trouble: str | None, wanted: bool, installed: bool, level: Level) -> None:
    assert tools.check_engine(trouble, wanted, installed).level is level


@pytest.mark.parametrize(
    ("to_compile", "found", "installed", "level"),
    [
        (0, None, False, GOOD),
        (1, (1, 26), False, GOOD),
        (1, (1, 25), True, GOOD),
        (1, (1, 25), False, WARNING),
        (1, None, False, WARNING),
    ],
)
def test_go(to_compile: int, found: tuple[int, int] | None, installed: bool, level: Level) -> None:
    assert tools.check_go(COMPONENTS[:to_compile], found, installed).level is level


@pytest.mark.parametrize(
    ("binary", "version", "level"),
    [
        (None, None, WARNING),
        (Path("grafana"), None, PROBLEM),
        (Path("grafana"), (11, 6, 0), PROBLEM),
        (Path("grafana"), (12, 0, 0), GOOD),
    ],
)
def test_grafana(binary: Path | None, version: tuple[int, ...] | None, level: Level) -> None:
    assert tools.check_grafana(binary, version).level is level


def test_grafanas_version_is_asked_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "grafana"
    program.write_text("#!/bin/sh\necho grafana version 12.3.3\n")
    program.chmod(0o755)
    assert tools.find_grafana_version(program) == (12, 3, 3)
    assert tools.find_grafana_version(tmp_path / "none") is None


def test_settings_that_cannot_be_read_are_a_problem() -> None:
    def fail() -> Settings:
        raise StackError("MINIO_PORT='x' in .env or the environment: not a number")

    settings, finding = configuration.check_settings(fail)
    assert (settings, finding.level, "MINIO_PORT" in finding.found) == (None, PROBLEM, True)
    assert configuration.check_settings(Settings)[1].level is GOOD


def test_misspelt_variable_is_named_with_the_likely_one(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    known = configuration.known_variables(Config())
    assert [finding.level for finding in configuration.check_keys(file, known)] == [GOOD]
    file.write_text("TRAFIC_RATE=5\nMINIO_PORT=9001\nSERVICES_IMAGE=mine\n")
    (finding,) = configuration.check_keys(file, known)
    assert finding.level is WARNING
    assert "TRAFIC_RATE" in finding.found and "TRAFFIC_RATE" in finding.remedy
    file.write_text("MINIO_PORT=9001\n")
    assert [finding.level for finding in configuration.check_keys(file, known)] == [GOOD]


def test_secrets_of_the_receivers_may_stand_in_env() -> None:
    receiver = {"type": "slack", "name": "team", "url": "${SLACK_URL}"}
    config = Config.model_validate({"receivers": [receiver]})
    assert "SLACK_URL" in configuration.known_variables(config)
    assert "SLACK_URL" not in configuration.known_variables(Config())


def test_bad_configuration_is_a_problem() -> None:
    def fail() -> Config:
        raise ConfigError(["whence.yaml:3: objectives: unknown key (got 'x'); did you mean y?"])

    config, finding = configuration.check_config(fail)
    assert (config, finding.level, "whence.yaml:3" in finding.found) == (None, PROBLEM, True)
    assert configuration.check_config(Config)[1].level is GOOD


@pytest.fixture
def held() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_port_of_another_program_is_a_problem_and_our_own_is_not(held: int) -> None:
    (finding,) = configuration.check_ports({"jaeger_port": held}, ours=())
    assert finding.level is PROBLEM
    assert str(held) in finding.found and "JAEGER_PORT" in finding.remedy
    assert configuration.check_ports({"jaeger_port": held}, ours=[os.getpid()])[0].level is GOOD


@pytest.mark.parametrize(
    ("finding", "well"),
    [
        (good("Disk", "5 GB"), True),
        (warning("Go", "none", "wait"), True),
        (problem("Ports", "used", "stop"), False),
    ],
)
def test_only_a_problem_fails(capsys: pytest.CaptureFixture[str], finding: Finding, well: bool) -> None:
    assert doctor.show([finding], Console()) is well
    line = capsys.readouterr().out
    assert line.startswith(finding.level.value) and finding.found in line and finding.remedy in line


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which a start has nothing to complain about."""
    monkeypatch.setattr(doctor, "DATA", tmp_path)
    monkeypatch.setattr(memory, "read_available", lambda: 8 * GB)
    monkeypatch.setattr(machine, "read_free_disk", lambda folder: 50 * GB)
    monkeypatch.setattr("stack.running.processes.read_processes", lambda: None)
    monkeypatch.setattr(Settings, "ports", {})


def test_start_on_a_sound_machine_says_nothing(sound: None, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.require_fit(Settings(), COMPONENTS, Console())
    assert capsys.readouterr().out == ""


def test_start_goes_on_with_a_warning(
    sound: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "read_available", lambda: 1.2 * GB)
    doctor.require_fit(Settings(), [], Console())
    assert "1.2 GB" in capsys.readouterr().out


def test_start_is_refused_with_what_is_wrong_only(
    sound: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "read_free_disk", lambda folder: 0.2 * GB)
    with pytest.raises(StackError, match=r"^Disk: 0\.2 GB free .*WHENCE_DATA$"):
        doctor.require_fit(Settings(), [], Console())
    assert capsys.readouterr().out == ""


def test_the_whole_examination_goes_on_when_settings_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_PORT", "x")
    levels = {finding.subject: finding.level for finding in doctor.examine(COMPONENTS)}
    assert levels["Settings"] is PROBLEM
    assert levels["Python"] is GOOD
