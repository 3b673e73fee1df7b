import threading
from pathlib import Path

import pytest

from bench.incidents import fleet
from bench.incidents.recording import Recording
from bench.incidents.scenario import Scenario
from bench.incidents.stacks import BenchStack
from stack import StackError
from tests.unit.bench.drawn import draw_outcome, draw_scenario


def test_a_run_that_fails_ends_no_other_and_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(scenario: Scenario, stack: BenchStack, tell: object) -> Recording:
        if scenario.id == "b":
            raise StackError("the machine is busy")
        return Recording(outcome=draw_outcome("bad-model", name=scenario.id))

    monkeypatch.setattr(fleet, "run_scenario", run)
    kept: list[str] = []
    told: list[str] = []
    wanted = [draw_scenario("bad-model", name=name) for name in "abc"]
    failed = fleet.run_all(wanted, tmp_path, 1, lambda r: kept.append(r.outcome.scenario.id), told.append)
    assert failed == 1 and kept == ["a", "c"]
    assert told == ["b: failed: StackError: the machine is busy"]


def test_stacks_work_at_once_but_what_others_would_feel_runs_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    together, running, most = threading.Barrier(2, timeout=20), set[str](), dict[str, int]()

    def run(scenario: Scenario, stack: BenchStack, tell: object) -> Recording:
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
    assert fleet.run_all(wanted, tmp_path, 2, lambda _: None, lambda _: None) == 0
    assert most == {"bad-model": 2, "stale-features": 2, "cpu-starvation": 1}
