"""`python -m generation`: all or nothing, the same bytes each time, whole files whenever it is stopped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KILLED_AT = """
import os, runpy, signal, sys
replace, left = os.replace, int(sys.argv.pop(1))

def replace_or_die(source, target):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(source, target)

os.replace = replace_or_die
sys.argv[0] = "generation"
runpy.run_module("generation", run_name="__main__")
"""
"""Runs the command until it is about to replace its n-th file (n is the first argument), then kills it."""


def generate(
    *arguments: str, config: Path | str = os.devnull, program: tuple[str, ...] = ("-m", "generation")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program, *arguments],
        env={**os.environ, "WHENCE_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    done = generate("--into", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def other_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("config") / "whence.yaml"
    file.write_text("folder: Mine\ntags: [mine]\nstorage: {average_limit: 400ms}\nrepeat_interval: 1h\n")
    return file


@pytest.fixture(scope="module")
def other(other_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    done = generate("--into", str(folder), config=other_config)
    assert done.returncode == 0, done.stderr
    return folder


def test_twice_is_the_same_bytes(made: Path, tmp_path: Path) -> None:
    assert generate("--into", str(tmp_path)).returncode == 0
    assert contents(tmp_path) == contents(made)


def test_committed_files_are_those_of_the_defaults() -> None:
    done = generate("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_check_names_what_is_not_up_to_date(made: Path, other_config: Path) -> None:
    done = generate("--check", "--into", str(made), config=other_config)
    assert done.returncode == 1
    assert "alerts/generated: out of date: prometheus/alerts.yaml; run `make generate`" in done.stderr


def test_diff_writes_nothing_and_says_what_changes(made: Path, other_config: Path) -> None:
    before = contents(made)
    done = generate("--diff", "--into", str(made), config=other_config)
    assert done.returncode == 0, done.stderr
    assert contents(made) == before
    assert (
        '"High Storage Latency" data "B" model conditions [0] evaluator params: [300.0] → [400.0]'
        in done.stdout
    )
    assert generate("--diff", "--into", str(made)).stdout == "Nothing changes.\n"


@pytest.mark.parametrize("killed_at", [0, 3])
def test_killed_it_leaves_old_or_new_files_and_the_next_run_completes(
    killed_at: int, made: Path, other: Path, other_config: Path, tmp_path: Path
) -> None:
    old, new = contents(made), contents(other)
    shutil.copytree(made, tmp_path / "it")
    killed = generate(
        str(killed_at), "--into", str(tmp_path / "it"), config=other_config, program=("-c", KILLED_AT)
    )
    assert killed.returncode == -9
    found = {name: text for name, text in contents(tmp_path / "it").items() if not name.endswith(".tmp")}
    assert {name for name, text in found.items() if text not in (old.get(name), new.get(name))} == set()
    assert generate("--into", str(tmp_path / "it"), config=other_config).returncode == 0
    assert contents(tmp_path / "it") == new


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alerts: {no-such-alert: {paused: true}}", "whence.yaml:1: alerts.no-such-alert: is not an alert"),
        ("storage: {deadline: 5}", "whence.yaml:1: storage.deadline: has no unit (got 5)"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    text: str, told: str, made: Path, tmp_path: Path
) -> None:
    before = contents(made)
    config = tmp_path / "whence.yaml"
    config.write_text(text)
    done = generate("--into", str(made), config=config)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert contents(made) == before
