import os
import signal
import subprocess
import sys
from pathlib import Path

from bench.incidents.outcome import append_outcome, choose_latest, choose_missing, read_outcomes
from stack import ROOT
from tests.unit.bench.incidents.drawn import draw_outcome

WRITER = """
import sys
from pathlib import Path
from bench.incidents.outcome import append_outcome
from tests.unit.bench.incidents.drawn import draw_outcome
number = 0
while True:
    append_outcome(Path(sys.argv[1]), draw_outcome("bad-model", name=f"run-{number}"))
    number += 1
    print(number, flush=True)
"""


def test_what_was_kept_outlives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout
    told = [int(writer.stdout.readline()) for _ in range(20)][-1]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    done = read_outcomes(file)
    assert len(done) >= told
    assert [outcome.scenario.id for outcome in done] == [f"run-{n}" for n in range(len(done))]


def test_half_a_line_is_cut_off_and_its_scenario_runs_again(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    first, second = draw_outcome("bad-model", name="first"), draw_outcome("bad-model", name="second")
    append_outcome(file, first)
    append_outcome(file, second)
    file.write_bytes(file.read_bytes()[:-40])
    done = read_outcomes(file)
    assert choose_missing([first.scenario, second.scenario], done) == [second.scenario]
    append_outcome(file, second)
    assert read_outcomes(file) == [first, second]


def test_a_scenario_that_was_changed_is_run_again_and_its_latest_run_counts(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    old, new = draw_outcome("bad-model", name="x"), draw_outcome("concept-drift", name="x")
    append_outcome(file, old)
    assert choose_missing([new.scenario], read_outcomes(file)) == [new.scenario]
    append_outcome(file, new)
    assert choose_latest(read_outcomes(file)) == [new]


def test_nothing_is_done_before_the_first_run(tmp_path: Path) -> None:
    assert read_outcomes(tmp_path / "none.jsonl") == []


def test_discarded_runs_are_not_repeated() -> None:
    spoilt = draw_outcome("bad-model", discarded="an alert fired before")
    assert choose_missing([spoilt.scenario], [spoilt]) == []
    assert not spoilt.counted
