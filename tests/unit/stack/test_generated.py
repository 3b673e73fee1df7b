"""A user's whence.yaml: what it makes is kept apart from the checkout, and is what the stack runs by."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from config import Config, ConfigError, load
from generation.builds import BUILDS, build_all
from prometheus import artifacts
from stack import ROOT, StackError, generated
from stack.running import compose, rundir
from stack.settings import Settings, process_environment
from tests.unit.alerts.chosen import choose

MINE = "storage: {deadline: 400ms}\nfolder: Mine\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generated, "FOLDER", tmp_path / "data" / "generated")
    return tmp_path / "data" / "generated"


@pytest.fixture
def mine(tmp_path: Path) -> Config:
    with choose(MINE, tmp_path):
        return load()


def run(command: str, config: Path, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", command],
        cwd=ROOT,
        env={**os.environ, "WHENCE_CONFIG": str(config), "WHENCE_DATA": str(data), "MODE": "processes"},
        capture_output=True,
        text=True,
    )


def test_without_a_whence_yaml_the_stack_runs_by_the_committed_defaults(folder: Path) -> None:
    assert not generated.update(Config())
    assert not folder.exists() and generated.in_use() == ROOT


def test_with_one_processes_and_containers_run_by_what_it_makes(
    folder: Path, mine: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert generated.update(mine)
    for built, files in build_all(mine).items():
        assert artifacts.differences(folder / built, files) == []
    monkeypatch.setattr(rundir, "RUN", tmp_path / "run")
    rundir.write_run_directory(Settings(), {"WEBHOOK_TOKEN": "token"}, mine, {})
    (rules,) = (tmp_path / "run" / "prometheus" / "rules").glob("alerts.yaml")
    assert "> 0.4" in rules.read_text()
    provider = tmp_path / "run" / "grafana" / "provisioning" / "dashboards" / "dashboards.yaml"
    assert yaml.safe_load(provider.read_text())["providers"][0]["folder"] == "Mine"
    assert process_environment(Settings(), {}, mine)["RUNBOOKS"].startswith(str(folder))
    assert compose._environment()["WHENCE_GENERATED"] == str(folder)


def test_a_whence_yaml_that_is_gone_takes_what_it_made_with_it(folder: Path, mine: Config) -> None:
    generated.update(mine)
    generated.update(Config())
    assert not folder.exists()


def test_somebody_elses_folder_of_that_name_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("all I have")
    generated.update(Config())
    assert (folder / "thesis.txt").exists() and generated.in_use() == ROOT


def test_a_mistake_leaves_what_was_there(folder: Path, mine: Config, tmp_path: Path) -> None:
    generated.update(mine)
    before = (folder / "alerts/generated/prometheus/alerts.yaml").read_bytes()
    with choose("alerts: {no-such-alert: {paused: true}}", tmp_path), pytest.raises(ConfigError):
        generated.update(load())
    assert (folder / "alerts/generated/prometheus/alerts.yaml").read_bytes() == before


def test_anything_else_that_is_wrong_is_one_line(mine: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Config) -> dict[str, str]:
        raise ValueError("there is no runbook alerts/runbooks/x.md: write it")

    monkeypatch.setitem(BUILDS, "alerts/generated", fail)
    with pytest.raises(StackError, match="there is no runbook"):
        generated.update(mine)


def test_git_sees_nothing_of_what_a_user_has_and_make_generate_writes(mine: Config, tmp_path: Path) -> None:
    before = ask_git("status", "--porcelain")
    chosen = {"WHENCE_CONFIG": str(tmp_path / "whence.yaml"), "WHENCE_DATA": str(tmp_path / "data")}
    generate = ["make", "--assume-old=.venv/.runtime", "generate"]  # which installs no packages
    subprocess.run(generate, cwd=ROOT, env={**os.environ, **chosen}, capture_output=True, check=True)
    assert ask_git("status", "--porcelain") == before
    dashboard = tmp_path / "data" / "generated" / "grafana" / "generated" / "overview.json"
    assert json.loads(dashboard.read_text())["uid"] == "overview"
    users = ["whence.yaml", ".env", "docker-compose.override.yml", "data/generated/alerts"]
    assert ask_git("check-ignore", *users).split() == users


def ask_git(*command: str) -> str:
    done = subprocess.run(
        ["git", "--no-optional-locks", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_difference_is_told_against_what_the_stack_runs_by(mine: Config, tmp_path: Path) -> None:
    file, data = tmp_path / "whence.yaml", tmp_path / "data"
    assert '"Storage Slower Than Deadline"' in run("diff", file, data).stdout
    assert run("generate", file, data).returncode == 0
    assert run("diff", file, data).stdout == "Nothing changes.\n"
    assert '"Storage Slower Than Deadline"' in run("diff", Path(os.devnull), data).stdout


@pytest.mark.parametrize("command", ["up", "generate", "diff"])
def test_each_mistake_is_one_line_and_nothing_is_started_or_written(command: str, tmp_path: Path) -> None:
    file, data = tmp_path / "whence.yaml", tmp_path / "data"
    file.write_text("folder: 5\nstorage: {deadline: 5}\n")
    done = run(command, file, data)
    assert done.returncode == 1 and done.stdout == ""
    assert [line.split(" ")[0] for line in done.stderr.splitlines()] == ["whence.yaml:1:", "whence.yaml:2:"]
    assert not data.exists()
