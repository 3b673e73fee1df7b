"""Builds are whole or absent, happen once, and explain themselves; shown with a fake Go."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components import build, compiler, memory, pins
from components.__main__ import app
from components.pins import Component


@pytest.fixture(autouse=True)
def only_the_probe(
    component: Component, cache_root: Path, go_calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "COMPONENTS", (component,))
    monkeypatch.setattr(build, "COMPONENTS", (component,))


def test_every_binary_is_built_and_found(cache_root: Path) -> None:
    built = build.ensure(["probe"])
    assert set(built) == {"probe", "probetool"}
    for name, path in built.items():
        assert path.read_text() == "whole\n"
        assert path == build.binary(name)
    assert _left_in(cache_root) == {built["probe"].parent.name}


def test_no_names_build_nothing(cache_root: Path) -> None:
    assert build.ensure([]) == {}


def test_a_second_call_runs_no_go(go_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.ensure()
    assert len(go_calls.read_text().splitlines()) == 2
    monkeypatch.setattr(subprocess, "Popen", _unexpected)
    assert build.ensure() == first


def test_a_changed_pin_is_built_again_and_the_old_build_removed(
    component: Component, cache_root: Path
) -> None:
    old = build.ensure()["probe"]
    (component.folder / "go.sum").write_text("changed\n")
    new = build.ensure()["probe"]
    assert new.is_file() and not old.exists()
    assert _left_in(cache_root) == {new.parent.name}


def test_a_failed_build_names_the_component_and_shows_the_last_lines(
    cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "*")
    with pytest.raises(compiler.BuildFailed) as failure:
        build.ensure()
    headline, *tail = str(failure.value).splitlines()
    assert headline == "Probe 1.0 did not build (status 1):"
    assert tail == [f"  error {number}" for number in range(26, 41)]
    assert _left_in(cache_root) == set()


def test_a_binary_that_is_not_built_is_reported_with_the_command_that_builds_it() -> None:
    with pytest.raises(
        build.ComponentMissing, match="probetool is not built: run `python -m components build probe`"
    ):
        build.binary("probetool")


@pytest.fixture
def two(component: Component, monkeypatch: pytest.MonkeyPatch) -> tuple[Component, Component]:
    """Two components of one module, with a binary each, and a machine with cores and memory for both."""
    first = replace(component, binaries=component.binaries[:1])
    second = replace(first, name="tool", binaries=component.binaries[1:], part_of="probe")
    monkeypatch.setattr(build, "COMPONENTS", (first, second))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(memory, "read_available", lambda: 2 * build.MEMORY_OF_ONE)
    return first, second


def test_two_are_built_at_the_same_time(
    two: tuple[Component, Component], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_CROWD", "2")
    assert {path.read_text() for path in build.ensure().values()} == {"whole\n"}


def test_a_failure_of_one_stops_the_other(
    two: tuple[Component, Component], monkeypatch: pytest.MonkeyPatch, cache_root: Path
) -> None:
    monkeypatch.setenv("FAKE_GO_CROWD", "2")
    monkeypatch.setenv("FAKE_GO_FAILS", "example.test/probe")
    monkeypatch.setenv("FAKE_GO_HANGS", "*/tool")
    with pytest.raises(compiler.BuildFailed, match="Probe 1.0 did not build"):
        build.ensure()
    assert _left_in(cache_root) == set()


@pytest.mark.parametrize(
    ("cores", "available", "at_once"), [(1, 9.0, 1), (2, 9.0, 2), (64, 99.0, 2), (2, 1.9, 1), (2, 0.1, 1)]
)
def test_how_many_at_once_depends_on_cores_and_memory(
    cores: int, available: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr(memory, "read_available", lambda: available * build.MEMORY_OF_ONE)
    assert build.count_at_once() == at_once


def test_plain_output_is_a_line_ahead_and_one_when_each_begins_and_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    build.ensure()
    ahead, start, end = capsys.readouterr().out.splitlines()
    assert ahead.startswith("compiling Probe 1.0 from pinned source, as nothing is downloaded prebuilt: ")
    assert start.startswith("Probe 1.0: compiling, about ")
    assert end.startswith("Probe 1.0: compiled in ")


def test_asking_for_a_path_builds_what_is_missing_and_prints_nothing_else() -> None:
    result = CliRunner().invoke(app, ["path", "probetool"])
    assert result.stdout == f"{build.binary('probetool')}\n"
    assert "Probe 1.0: compiling" in result.stderr


def test_a_failure_ends_the_command_with_status_1_and_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "*")
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 1
    assert "Probe 1.0 did not build" in result.stderr and "error 40" in result.stderr


def test_a_wrong_name_ends_the_command_with_status_2() -> None:
    result = CliRunner().invoke(app, ["path", "grafana"])
    assert result.exit_code == 2
    assert "choose from probe, probetool" in result.stderr


def _left_in(cache_root: Path) -> set[str]:
    return {entry.name for entry in cache_root.iterdir()} - {".lock"}


def _unexpected(*_: object, **__: object) -> None:
    raise AssertionError("nothing is to be built")
