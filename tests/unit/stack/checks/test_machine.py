"""What the doctor says of the machine: Python, memory, disk, clock, limits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components import estimate, memory
from components.pins import COMPONENTS
from stack.checks import clock, machine
from stack.checks.finding import Level

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
    read = memory.read_available(tmp_path)
    assert read == available if available else read > 0
    assert memory.read_available(tmp_path / "none") > 0


@pytest.mark.parametrize(("free", "level"), [(0.9, PROBLEM), (4, WARNING), (6, GOOD)])
def test_disk_for_data(free: float, level: Level) -> None:
    assert machine.check_disk(Path("data"), free * GB).level is level


def test_disk_needed_to_compile_is_told_by_what_is_missing() -> None:
    folder, every = Path("/home/me/.cache"), COMPONENTS
    need = estimate.disk(every)
    none_built = machine.check_build_disk(folder, (need - 0.1) * GB, every, every)
    assert (none_built.level, f"{need:.1f} GB" in none_built.found) == (PROBLEM, True)
    assert machine.check_build_disk(folder, (need + 0.1) * GB, every, every).level is GOOD
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
