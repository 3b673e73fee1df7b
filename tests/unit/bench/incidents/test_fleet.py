import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from bench.incidents import fleet
from bench.incidents.fleet import _empty
from bench.incidents.phase_lock import PhaseLock
from bench.incidents.recording import Recording
from bench.incidents.scenario import Scenario
from bench.incidents.stacks import BenchStack
from stack import StackError
from tests.unit.bench.incidents.drawn import draw_outcome, draw_scenario


def test_a_run_that_fails_ends_no_other_and_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(scenario: Scenario, stack: BenchStack, phases: PhaseLock, notify: object) -> Recording:
        if scenario.id == "b":
            raise StackError("the machine is busy")
        return Recording(outcome=draw_outcome("bad-model", name=scenario.id))

    monkeypatch.setattr(fleet, "run_scenario", run)
    kept: list[str] = []
    lost: list[tuple[str, str]] = []
    told: list[str] = []
    wanted = [draw_scenario("bad-model", name=name) for name in "abc"]
    failed = fleet.run_all(
        wanted,
        tmp_path,
        1,
        lambda r: kept.append(r.outcome.scenario.id),
        lambda scenario, reason: lost.append((scenario.id, reason)),
        told.append,
    )
    assert failed == 1 and kept == ["a", "c"]
    assert lost == [("b", "StackError: the machine is busy")]
    assert told == ["b: failed: StackError: the machine is busy"]


def test_stacks_work_at_once_but_what_others_would_feel_runs_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    together, running, most = threading.Barrier(2, timeout=20), set[str](), dict[str, int]()

    def run(scenario: Scenario, stack: BenchStack, phases: PhaseLock, notify: object) -> Recording:
        running.add(scenario.id)
        if not scenario.alone:
            together.wait()
        most[scenario.id] = len(running)
        if not scenario.alone:
            together.wait()
        running.remove(scenario.id)
        return Recording(outcome=draw_outcome(scenario.expected.cause, name=scenario.id))

    monkeypatch.setattr(fleet, "run_scenario", run)
    wanted = [draw_scenario("cpu-starvation"), draw_scenario("bad-model"), draw_scenario("stale-features")]
    assert fleet.run_all(wanted, tmp_path, 2, lambda _: None, lambda *_: None, lambda _: None) == 0
    assert most == {"bad-model": 2, "stale-features": 2, "cpu-starvation": 1}


def test_an_interruption_begins_no_other_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One stack's run is interrupted; another stack goes on with its own to the end, and then begins none."""
    begun, both, interrupted = list[str](), threading.Barrier(2, timeout=20), threading.Event()

    def run(scenario: Scenario, stack: BenchStack, phases: PhaseLock, notify: object) -> Recording:
        begun.append(scenario.id)
        both.wait()
        if scenario.id == "a":
            raise KeyboardInterrupt
        assert interrupted.wait(20)
        return Recording(outcome=draw_outcome("bad-model", name=scenario.id))

    def empty(waiting: "SimpleQueue[Scenario]") -> None:
        _empty(waiting)
        interrupted.set()

    monkeypatch.setattr(fleet, "run_scenario", run)
    monkeypatch.setattr(fleet, "_empty", empty)
    wanted = [draw_scenario("bad-model", name=name) for name in "abc"]
    with pytest.raises(KeyboardInterrupt):
        fleet.run_all(wanted, tmp_path, 2, lambda _: None, lambda *_: None, lambda _: None)
    assert sorted(begun) == ["a", "b"]


def test_no_stack_starts_while_another_is_in_trouble_and_the_other_way_round() -> None:
    phases, seen = PhaseLock(), list[str]()
    waiting = {"start": phases.starting, "trouble": phases.fault}

    def take(name: str) -> None:
        with waiting[name]():
            seen.append(name)

    for first, second in (("trouble", "start"), ("start", "trouble")):
        with waiting[first]():
            thread = threading.Thread(target=take, args=(second,))
            thread.start()
            with waiting[first]():
                thread.join(0.1)
                assert thread.is_alive() and second not in seen
        thread.join(10)
        assert seen.pop() == second
