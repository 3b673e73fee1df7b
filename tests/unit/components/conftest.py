"""A component, a cache and a Go that cost nothing: no network, no compiler."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components import pins
from components.pins import Component

FAKE_GO = """#!/bin/sh
if [ "$1" = env ]; then echo "${FAKE_GO_VERSION:-go1.26.8}"; exit; fi
echo "$*" >> "$FAKE_GO_CALLS"
while [ "$1" != -o ]; do shift; done
echo half > "$2"
case "$3" in $FAKE_GO_HANGS) echo $$ >> "$FAKE_GO_CALLS.pids"; exec sleep 120;; esac
until [ "$(wc -l < "$FAKE_GO_CALLS")" -ge "${FAKE_GO_CROWD:-1}" ]; do sleep 0.02; done
case "$3" in $FAKE_GO_FAILS) seq -f 'error %g' 40; echo 'go: downloading something'; exit 1;; esac
echo whole > "$2"
"""
"""It hangs or fails for the packages that match a pattern, and waits until it was called so many times."""


@pytest.fixture
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, the one that is used."""
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "components"


@pytest.fixture
def component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Component:
    """A component with two binaries whose module's files are in a temporary folder, the only one there is."""
    (tmp_path / "pins" / "probe").mkdir(parents=True)
    (tmp_path / "pins" / "probe" / "go.mod").write_text("module probe\n")
    (tmp_path / "pins" / "probe" / "go.sum").write_text("sum\n")
    monkeypatch.setattr(pins, "FOLDER", tmp_path / "pins")
    return Component(
        name="probe",
        title="Probe",
        release="1.0",
        module="example.test/probe",
        version="v1.0.0",
        binaries=(("probe", "example.test/probe"), ("probetool", "example.test/probe/tool")),
        seconds=3,
    )


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable script of a name into its own folder and returns its path."""

    def write(name: str, text: str) -> Path:
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def go_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], Path]) -> Path:
    """Puts a fake Go first on PATH; the file has one line per build command it was given."""
    go = program("go", FAKE_GO)
    calls = tmp_path / "calls"
    calls.touch()
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GO_CALLS", str(calls))
    return calls
