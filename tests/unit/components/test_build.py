"""Builds are whole or absent, happen once, and explain themselves; shown with a fake Go."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components import build, compiler, pins
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
    monkeypatch.setenv("FAKE_GO_FAILS", "1")
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


def test_plain_output_is_one_line_at_the_start_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    build.ensure()
    start, end = capsys.readouterr().out.splitlines()
    assert (
        start.startswith("Probe 1.0: first start, compiling it (about ") and "nothing is downloaded" in start
    )
    assert end.startswith("Probe 1.0: compiled in ")


def test_a_failure_ends_the_command_with_status_1_and_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "1")
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
