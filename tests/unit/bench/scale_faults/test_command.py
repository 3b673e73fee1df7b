"""The command around the faults: what it starts, what it starts anew, what it refuses at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner, Result

from alerts.routing import route
from alerts.rules import all_alerts
from alerts.to_alertmanager import render
from bench.live_cases import Case, read_runs
from bench.scale_faults import __main__ as command
from bench.scale_faults.faults import FaultRun
from config import load
from stack import StackError
from tests.unit.bench.scale_faults.recorded import RUN

done: list[str] = []
tell_soon = command.tell_soon


class Stand:
    """In place of the stack."""

    def __init__(self, data: Path, **_: object) -> None:
        self.data = data

    def run(self, *arguments: str) -> str:
        done.append(" ".join(arguments))
        return ""

    def up(self, seed: int) -> None:
        done.append("up")

    def down(self) -> None:
        done.append("down")

    def control(self, action: str, process: str) -> None:
        done.append(f"{action} {process}")


@contextmanager
def listen() -> Iterator[tuple[str, list[Any]]]:
    yield "http://127.0.0.1:1/", []


@pytest.fixture(autouse=True)
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done.clear()
    replaced = {"BenchStack": Stand, "listen": listen, "DATA": tmp_path, "tell_soon": lambda _: None}
    replaced |= {"find_problem": lambda: "root", "run_fault": lambda case, *_: run_of(case)}
    for name, value in replaced.items():
        monkeypatch.setattr(command, name, value)


def run_of(case: Case) -> FaultRun:
    return RUN.model_copy(update={"case": case})


def carry_out(tmp_path: Path, only: str) -> Result:
    recording = tmp_path / "runs.jsonl"
    return CliRunner().invoke(command.app, ["run", "--only", only, "--recording", str(recording)])


def test_a_stack_that_a_fault_left_broken_is_started_anew_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settles = iter([None, StackError("not ready after 300 s: kafka-2"), None, None])

    def settle(_: object) -> None:
        if problem := next(settles):
            raise problem

    monkeypatch.setattr(command, "settle", settle)
    shown = carry_out(tmp_path, "broker,first-broker,last-broker")
    assert shown.exit_code == 0, shown.output
    assert [run.case.name for run in read_runs(tmp_path / "runs.jsonl", FaultRun)] == [
        "broker",
        "first-broker",
        "last-broker",
    ]
    assert done == ["stack build", "up", "stop traffic", "up", "stop traffic", "down"]


def test_a_stack_that_does_not_settle_at_all_fails_that_fault_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settles = iter([StackError("[/127.0.98.2:9092] is away"), StackError("again"), None])

    def settle(_: object) -> None:
        if problem := next(settles):
            raise problem

    monkeypatch.setattr(command, "settle", settle)
    shown = carry_out(tmp_path, "broker,first-broker")
    assert isinstance(shown.exception, StackError) and "1 runs failed" in str(shown.exception)
    assert "broker-1: [/127.0.98.2:9092] is away" in shown.output
    assert [run.case.name for run in read_runs(tmp_path / "runs.jsonl", FaultRun)] == ["first-broker"]


def test_a_partition_that_cannot_be_made_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    shown = carry_out(tmp_path, "broker,partition")
    assert isinstance(shown.exception, StackError) and "root and iptables" in str(shown.exception)
    assert not done


def test_alertmanagers_tell_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_CONFIG", str(tmp_path / "whence.yaml"))
    (tmp_path / "whence.yaml").write_text(command.CONFIG.format(url="http://127.0.0.1:1/"))
    generated, used = tmp_path / "generated.yml", tmp_path / "run" / "alertmanager" / "alertmanager.yml"
    config = load()
    generated.write_text(yaml.safe_dump(render(route(all_alerts(config), config))))
    used.parent.mkdir(parents=True)
    used.symlink_to(generated)
    answers = iter([200, 200, 200, 500])

    def post(url: str, **_: object) -> httpx.Response:
        return httpx.Response(next(answers), request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", post)
    stack: Any = Stand(tmp_path)
    tell_soon(stack)
    assert "group_interval: 1m" in used.read_text() and "group_interval: 5m" not in used.read_text()
    assert "group_interval: 5m" in generated.read_text() and not used.is_symlink()
    with pytest.raises(StackError, match="does not read its configuration again"):
        tell_soon(stack)
