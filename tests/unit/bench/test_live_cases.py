"""Live cases: kept as they end, not repeated, and nothing of theirs is left behind."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIG_DFL, SIG_IGN, SIGHUP, SIGINT, SIGKILL, SIGTERM, default_int_handler, getsignal, signal
from types import ModuleType
from typing import Any

import psutil
import pytest

from bench import live_cases
from bench.incidents.tables import Table
from bench.left_processes import end_left
from bench.live_cases import (
    Case,
    LiveRun,
    choose,
    command,
    end_by_interrupt,
    last_words,
    list_cases,
    read_runs,
    run_and_show,
    run_missing,
    stack_for,
    wait_for,
)
from bench.releases import live as releases
from bench.retraining import live as retraining
from bench.scale_faults import __main__ as scale_faults
from bench.waves import __main__ as waves
from stack import StackError

CASES = list_cases(["a", "b"], 2)


def carry_out(case: Case) -> LiveRun:
    return LiveRun(case=case, load=0.5)


def test_each_case_runs_once_before_any_runs_twice_with_users_of_its_own() -> None:
    assert [case.id for case in CASES] == ["a-1", "b-1", "a-2", "b-2"]
    assert len({case.seed for case in CASES}) == 4


def test_an_interrupted_command_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"

    def interrupted(case: Case) -> LiveRun:
        if case.id == "a-2":
            raise KeyboardInterrupt
        return carry_out(case)

    with pytest.raises(KeyboardInterrupt):
        run_missing(CASES, file, LiveRun, interrupted, lambda _: None)
    file.write_text(file.read_text() + '{"case": {"na')
    assert [run.case.id for run in read_runs(file, LiveRun)] == ["a-1", "b-1"]

    again: list[str] = []

    def note(case: Case) -> LiveRun:
        again.append(case.id)
        return carry_out(case)

    assert run_missing(CASES, file, LiveRun, note, lambda _: None) == 0
    assert again == ["a-2", "b-2"] and len(read_runs(file, LiveRun)) == 4


def test_a_run_that_fails_is_told_not_kept_and_ends_no_other(tmp_path: Path) -> None:
    def fail(case: Case) -> LiveRun:
        if case.name == "a":
            raise ValueError("no state")
        return carry_out(case)

    told: list[str] = []
    file = tmp_path / "runs.jsonl"
    assert run_missing(CASES, file, LiveRun, fail, told.append) == 2
    assert told == [
        "4 of 4 cases to run",
        "a-1: not counted: ValueError: no state",
        "a-2: not counted: ValueError: no state",
    ]
    assert [run.case.name for run in read_runs(file, LiveRun)] == ["b", "b"]


@pytest.mark.parametrize("program", [releases, retraining, scale_faults, waves])
def test_what_failed_is_told_as_it_is(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path in brackets looks like markup that ends: a `rich` that took it for that would raise."""

    def fail(case: Case) -> LiveRun:
        raise StackError("no [/tmp/stack]")

    def tabulate(runs: Sequence[LiveRun]) -> list[Table]:
        return [Table("runs", ["why"], [["no [/tmp/table]"]])]

    with pytest.raises(StackError, match="4 runs failed"):
        run_and_show(CASES, tmp_path / "runs.jsonl", LiveRun, fail, tabulate, program.console)
    said = capsys.readouterr().out
    assert "b-2: not counted: StackError: no [/tmp/stack]" in said and "no [/tmp/table]" in said


def test_bad_names_and_lines_are_refused_with_a_line(tmp_path: Path) -> None:
    assert choose({"a": 1, "b": 2}, "") == ["a", "b"] and choose({"a": 1, "b": 2}, " b ,") == ["b"]
    with pytest.raises(StackError, match="no case c: choose from a, b"):
        choose({"a": 1, "b": 2}, "c")
    file = tmp_path / "runs.jsonl"
    file.write_text('{"case": {"name": "a", "round": 1}}\n')
    with pytest.raises(StackError, match=r"runs.jsonl:1 is not a run: Field required; delete the line"):
        read_runs(file, LiveRun)


def test_waiting_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    assert not wait_for(lambda: False, 110) and now == [110]
    assert wait_for(lambda: now[0] > 112, 150) and now == [113]


class FakeStack:
    """Keeps what is done to it."""

    environment = dict(os.environ)

    def __init__(self, folder: Path, settings: Any = None) -> None:
        self.data, self.done = folder, done

    def up(self, seed: int) -> None:
        self.done.append(f"up {seed}")

    def run(self, *command: str) -> str:
        self.done.append(" ".join(command))
        raise StackError("not there")


def test_the_end_of_the_terminal_interrupts_unless_it_is_ignored() -> None:
    former = {number: signal(number, SIG_DFL) for number in (SIGTERM, SIGHUP)}
    try:
        end_by_interrupt()
        assert getsignal(SIGTERM) is getsignal(SIGHUP) is default_int_handler
        signal(SIGHUP, SIG_IGN)
        end_by_interrupt()
        assert getsignal(SIGHUP) is SIG_IGN
    finally:
        for number, handler in former.items():
            signal(number, handler)


done: list[str] = []


def test_whatever_happens_faults_are_mended_and_the_stack_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_cases, "BenchStack", FakeStack)
    done.clear()
    told: list[str] = []
    with suppress(KeyboardInterrupt), stack_for(CASES[0], tmp_path, {}, told.append):
        raise KeyboardInterrupt
    assert done == ["faults mend", f"up {CASES[0].seed}", "faults mend", "stack down"]
    assert told == ["a-1: not there"] * 2


SLEEPS = "import subprocess; print('begun'); subprocess.Popen(['sleep', '60']).wait()"


@contextmanager
def sleeping(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", psutil.Process]]:
    """A command, and what it started."""
    log, stack = folder / "log", FakeStack(folder)
    with command(stack, log, "timeit", "-n", "1", SLEEPS) as process:  # type: ignore[arg-type]
        assert wait_for(lambda: log.exists() and log.read_text().startswith("begun"), time.time() + 20)
        assert wait_for(lambda: bool(_children(process.pid)), time.time() + 20)
        yield process, _children(process.pid)[0]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Also where the tests run in the background of a shell, which has them ignore interrupts."""
    before = signal(SIGINT, default_int_handler)
    yield
    signal(SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_command_ends_with_what_it_started(tmp_path: Path) -> None:
    with sleeping(tmp_path) as (process, child):
        pass
    assert process.poll() is not None
    assert wait_for(lambda: _is_gone(child), time.time() + 20)
    assert last_words(tmp_path / "log") == "KeyboardInterrupt"


def test_what_a_killed_benchmark_left_is_ended_by_the_next(tmp_path: Path) -> None:
    with sleeping(tmp_path) as (process, child):
        end_left(tmp_path)
        assert process.wait(20) == -SIGKILL
        assert wait_for(lambda: _is_gone(child), time.time() + 20)


def _children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children()


def _is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
