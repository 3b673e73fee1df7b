import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from components.pins import COMPONENTS
from config import Config, ConfigError
from stack import StackError, doctor
from stack.checks import clock, configuration, machine, tools
from stack.checks.finding import Finding, Level, good, problem, warning
from stack.settings import Settings

GOOD, WARNING, PROBLEM = Level.GOOD, Level.WARNING, Level.PROBLEM
GB = 1e9
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS_30 = timedelta(days=30)


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10), PROBLEM), ((3, 11), GOOD), ((3, 13), GOOD), ((3, 14), PROBLEM)]
)
def test_python(version: tuple[int, int], level: Level) -> None:
    assert machine.check_python(version).level is level


@pytest.mark.parametrize(
    ("available", "to_compile", "level"),
    [(0.8, 0, PROBLEM), (1.2, 0, WARNING), (1.6, 0, GOOD), (2.5, 1, WARNING), (3.1, 1, GOOD)],
)
def test_memory_needed_depends_on_what_has_to_be_compiled(
    available: float, to_compile: int, level: Level
) -> None:
    assert machine.check_memory(available * GB, COMPONENTS[:to_compile]).level is level


@pytest.mark.parametrize(("limit", "available"), [("max", None), ("1500000000", 1_000_000_000)])
def test_a_control_group_limits_memory(tmp_path: Path, limit: str, available: int | None) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("500000000\n")
    read = machine.read_available_memory(tmp_path)
    assert read == available if available else read > 0
    assert machine.read_available_memory(tmp_path / "none") > 0


@pytest.mark.parametrize(("free", "level"), [(0.9, PROBLEM), (4, WARNING), (6, GOOD)])
def test_disk_for_data(free: float, level: Level) -> None:
    assert machine.check_disk(Path("data"), free * GB).level is level


def test_disk_needed_to_compile_is_told_by_what_is_missing() -> None:
    folder, every = Path("/home/me/.cache"), COMPONENTS
    none_built = machine.check_build_disk(folder, 9 * GB, every, every)
    assert (none_built.level, "9.3 GB" in none_built.found) == (PROBLEM, True)
    assert machine.check_build_disk(folder, 10 * GB, every, every).level is GOOD
    one_missing = machine.check_build_disk(folder, 3 * GB, every[:1], every)
    assert (one_missing.level, every[0].title in one_missing.found) == (GOOD, True)
    assert machine.check_build_disk(folder, 0.1 * GB, [], every).level is GOOD


def test_what_the_cache_lacks_has_to_be_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    assert machine.find_unbuilt(COMPONENTS) == list(COMPONENTS)


def test_data_folder_can_be_written_to_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = tmp_path / "not" / "made" / "yet"
    assert machine.check_writable(wanted).level is GOOD

    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    finding = machine.check_writable(wanted)
    assert finding.level is PROBLEM
    assert str(tmp_path) in finding.found and "WHENCE_DATA" in finding.remedy
    assert not wanted.exists()


@pytest.mark.parametrize(("limit", "level"), [(256, PROBLEM), (1024, WARNING), (4096, GOOD), (-1, GOOD)])
def test_open_files(limit: int, level: Level) -> None:
    assert machine.check_open_files(limit).level is level


@pytest.mark.parametrize(
    ("now", "newest", "level"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), None, PROBLEM),
        (NOW, None, GOOD),
        (NOW, NOW - timedelta(hours=1), GOOD),
        (NOW, NOW + timedelta(seconds=30), GOOD),
        (NOW, NOW + timedelta(hours=3), PROBLEM),
        (NOW, NOW - timedelta(days=29), GOOD),
        (NOW, NOW - timedelta(days=31), WARNING),
    ],
)
def test_clock_against_the_data_on_disk(now: datetime, newest: datetime | None, level: Level) -> None:
    assert clock.check_date(now, newest, DAYS_30).level is level


def test_newest_data_is_found_by_its_files(tmp_path: Path) -> None:
    assert clock.find_newest(tmp_path) is None
    (tmp_path / "incidents").mkdir()
    file = tmp_path / "incidents" / "incidents.db"
    file.touch()
    found = clock.find_newest(tmp_path)
    assert found and found.timestamp() == pytest.approx(file.stat().st_mtime)


@pytest.mark.parametrize(
    ("monotonic", "wall", "level"),
    [(0.05, 0.05, GOOD), (0.05, 3.0, WARNING), (0.05, -5.0, WARNING), (0, 0.05, PROBLEM)],
)
def test_clocks_advance_alike(monotonic: float, wall: float, level: Level) -> None:
    walls, monotonics = iter([1000.0, 1000.0 + wall]), iter([5.0, 5.0 + monotonic])
    finding = clock.check_steadiness(lambda: next(walls), lambda: next(monotonics), lambda seconds: None)
    assert finding.level is level


@pytest.mark.parametrize(("answer", "level"), [("yes", GOOD), ("no", WARNING), (None, GOOD)])
def test_time_service(answer: str | None, level: Level) -> None:
    assert clock.check_synchronised(answer).level is level


@pytest.mark.parametrize(
    ("text", "days"), [("30d", 30), ("12h", 0.5), ("1w2d", 9), ("1y", 365), ("90m", 0.0625), ("", 0)]
)
def test_retention(text: str, days: float) -> None:
    assert clock.parse_retention(text) == timedelta(days=days)


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
    monkeypatch.setattr(machine, "read_available_memory", lambda: 8 * GB)
    monkeypatch.setattr(machine, "read_free_disk", lambda folder: 50 * GB)
    monkeypatch.setattr("stack.processes.read_processes", lambda: None)
    monkeypatch.setattr(Settings, "ports", {})


def test_start_on_a_sound_machine_says_nothing(sound: None, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.require_fit(Settings(), COMPONENTS, Console())
    assert capsys.readouterr().out == ""


def test_start_goes_on_with_a_warning(
    sound: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "read_available_memory", lambda: 1.2 * GB)
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
