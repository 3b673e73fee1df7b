"""Which runs are reported, and that all rows of a table are about the same ones."""

from pathlib import Path

from bench.incidents.__main__ import _compare, _diagnose, _results
from bench.incidents.outcome import Failure, append_failure, append_outcome, read_failures, read_outcomes
from bench.incidents.replay import replay
from tests.unit.bench.incidents.drawn import draw_outcome, draw_recording, draw_scenario


def test_the_latest_run_of_each_scenario_as_it_is_now_is_reported(tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    first, second = draw_outcome("bad-model", "unknown"), draw_outcome("bad-model")
    former = draw_outcome("storage-jitter")
    redrawn = former.scenario.model_copy(update={"seed": 99})
    for outcome in (first, former, second):
        append_outcome(out, outcome)
    assert _results(out, [second.scenario, redrawn, draw_scenario("none")]) == [second]


def test_attempts_that_were_not_kept_are_beside_the_runs(tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    append_outcome(out, draw_outcome("bad-model"))
    failure = Failure(scenario="bad-model", at=1.0, reason="the machine is busy")
    append_failure(out, failure)
    assert read_failures(out) == [failure] and len(read_outcomes(out)) == 1
    assert read_failures(tmp_path / "other.jsonl") == []


def test_a_recording_of_another_run_of_a_scenario_is_not_compared_with() -> None:
    run, other = draw_outcome("bad-model"), draw_outcome("bad-model", injected_at=5.0)
    kept = [draw_recording(other)]
    verdict, *_ = _compare([run], kept, replay(kept, _diagnose))[0].rows
    assert verdict[3] == "–", "there is nothing to compare with"
    kept = [draw_recording(run)]
    verdict, *_ = _compare([run], kept, replay(kept, _diagnose))[0].rows
    assert verdict[3].startswith("100% (1/1")
