"""R23: a retraining from its yes to what came of it, with every step in the audit trail."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.retraining import Retraining
from decisions.audit import Entry, Trail
from decisions.retraining.attempts import Attempts, UnderWay
from decisions.retraining.conduct import Conductor, StepFailed, weigh
from decisions.retraining.data import Data, Report
from decisions.retraining.judgement import Answer, Attempt, Measures, judge
from tests.unit.decisions.retraining.verdicts import CHOICES, STORAGE, of_hit_rate, of_measure

MODEL = "recommendations"
SOUND = Data(rows=5_000, duplicates=0, out_of_range=0, positive=0.4)
YES = judge(of_hit_rate("data", "concept-drift", CHOICES), Measures(), (), Retraining(), 0.0)
NO = judge(of_hit_rate("infrastructure", "storage-latency", STORAGE), Measures(), (), Retraining(), 0.0)


class Plan:
    """Steps that do as the test says, and remember which were taken."""

    def __init__(self, failing: str = "", data: Data = SOUND, quality: float | None = 0.58) -> None:
        self.taken: list[str] = []
        self.period = (0.0, 0.0)
        self._failing, self._data, self._quality = failing, data, quality

    def train(self, since: float, until: float) -> Report:
        self.period = (since, until)
        self._take("train")
        return Report(version="v2", data=self._data)

    def admit(self, report: Report) -> None:
        self._take("admit")

    def release(self, version: str) -> None:
        self._take("release")

    def measure(self, version: str) -> float | None:
        self._take("measure")
        return self._quality

    def _take(self, step: str) -> None:
        self.taken.append(step)
        if step == self._failing:
            raise StepFailed(f"{step} did not succeed")


class Office:
    """A conductor on files of its own, with a clock that stands still unless moved."""

    def __init__(self, folder: Path) -> None:
        self.now = 5_000.0
        self.trail = Trail(folder / "audit.jsonl")
        self.attempts = Attempts(folder / "retraining.json")
        self.conductor = Conductor(self.trail, self.attempts, lambda: self.now, "recommender")

    @property
    def told(self) -> list[Entry]:
        """The trail, oldest first."""
        return self.trail.latest(10)[::-1]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_r23_a_yes_is_trained_gated_released_and_held_against_what_came(office: Office) -> None:
    plan = Plan()
    came = office.conductor.conduct(MODEL, YES, plan)
    assert plan.taken == ["train", "admit", "release", "measure"]
    assert plan.period == (1_000.0, 5_000.0), "from the onset of the trouble up to now"
    assert came.recovered == pytest.approx(0.18)
    assert came.says == (
        "v2 is live: the hit rate is 0.58, 0.4 before it, 0.6 before the trouble. 18.0 points came back of "
        "20.0 points expected."
    )
    begun, done, measured = office.told
    assert (begun.what, begun.subject) == ("retraining.begun", MODEL)
    assert {(each.service, each.model) for each in office.told} == {("recommender", MODEL)}
    assert (done.what, done.subject) == ("retraining.done", "v2")
    assert isinstance(done.evidence, dict) and done.evidence["expected"] == pytest.approx(0.2)
    assert (measured.what, measured.subject, measured.why) == ("retraining.measured", "v2", came.says)
    assert isinstance(measured.evidence, dict) and measured.evidence["recovered"] == pytest.approx(0.18)
    assert office.attempts.read() == [Attempt(MODEL, 5_000.0, 5_000.0)]


def test_r23_a_no_is_in_the_trail_with_the_parts_of_the_loss(office: Office) -> None:
    office.conductor.refuse(MODEL, NO)
    (entry,) = office.told
    assert entry.what == "retraining.refused" and entry.why.startswith(
        "do not retrain: 21.0 of the 27.0 points"
    )
    assert isinstance(entry.evidence, dict) and isinstance(entry.evidence["loss"], dict)
    parts = entry.evidence["loss"]["parts"]
    assert isinstance(parts, dict) and parts["answers made without the user's features"] == 0.21


def test_r23_a_poisoned_data_set_never_reaches_the_gate(office: Office) -> None:
    plan = Plan(data=SOUND.model_copy(update={"largest_source": 0.6}))
    with pytest.raises(StepFailed, match="One user is the source of 60.0% of it"):
        office.conductor.conduct(MODEL, YES, plan)
    assert plan.taken == ["train"]
    assert office.told[-1].what == "retraining.failed" and "not sound" in office.told[-1].why


@pytest.mark.parametrize("step", ["train", "admit", "release"])
def test_a_step_that_fails_is_the_last_and_it_is_told(office: Office, step: str) -> None:
    plan = Plan(failing=step)
    with pytest.raises(StepFailed):
        office.conductor.conduct(MODEL, YES, plan)
    assert plan.taken[-1] == step
    assert office.told[-1].why == f"{step} did not succeed"
    assert office.attempts.read()[0].ended == 5_000.0, "it counts for cool-down and budget all the same"


def test_a_failure_in_colours_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StepFailed("train.py: \x1b[31mno outcomes\x1b[0m\tcame")

    monkeypatch.setattr(Plan, "train", fail)
    with pytest.raises(StepFailed, match="no outcomes"):
        office.conductor.conduct(MODEL, YES, Plan())
    assert office.told[-1].why == "train.py: [31mno outcomes [0m came"


def test_one_that_is_interrupted_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Plan, "release", interrupt)
    with pytest.raises(KeyboardInterrupt):
        office.conductor.conduct(MODEL, YES, Plan())
    assert office.told[-1].what == "retraining.failed" and "KeyboardInterrupt" in office.told[-1].why
    assert office.attempts.read()[0].ended == 5_000.0


def test_a_version_that_is_live_has_not_failed_when_its_measuring_is_interrupted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        assert office.attempts.read()[0].ended == 5_000.0, "also if it is killed from now on"
        raise KeyboardInterrupt

    monkeypatch.setattr(Plan, "measure", interrupt)
    with pytest.raises(KeyboardInterrupt):
        office.conductor.conduct(MODEL, YES, Plan())
    office.conductor.refuse(MODEL, NO)
    assert [entry.what for entry in office.told] == [
        "retraining.begun",
        "retraining.done",
        "retraining.refused",
    ]


def test_r23_never_two_at_once(office: Office) -> None:
    plan = Plan()
    with office.attempts.hold(), pytest.raises(UnderWay):
        office.conductor.conduct("fraud", YES, plan)
    assert plan.taken == [] and office.told == []


@pytest.fixture
def killed(tmp_path: Path) -> None:
    """An attempt whose process was killed in it."""
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from decisions.retraining.attempts import Attempts\n"
        "attempts = Attempts(Path(sys.argv[1]))\n"
        "with attempts.hold():\n"
        "    attempts.begin('recommendations', 4000.0); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "retraining.json")], check=False)


@pytest.mark.usefixtures("killed")
def test_one_whose_process_was_killed_is_over_and_told(office: Office) -> None:
    assert office.attempts.read() == [Attempt(MODEL, 4_000.0)]
    office.conductor.conduct(MODEL, YES, Plan())
    assert [entry.what for entry in office.told] == [
        "retraining.failed",
        "retraining.begun",
        "retraining.done",
        "retraining.measured",
    ]
    assert all(attempt.ended for attempt in office.attempts.read())


@pytest.mark.usefixtures("killed")
def test_one_whose_process_was_killed_does_not_keep_the_next_from_beginning(office: Office) -> None:
    with office.attempts.hold():
        office.conductor.end_killed()
        assert office.told == [], "it is at work"
    office.conductor.end_killed()
    office.conductor.end_killed()
    assert office.attempts.read() == [Attempt(MODEL, 4_000.0, 5_000.0)]
    assert [entry.what for entry in office.told] == ["retraining.failed"]


def test_less_than_half_of_what_was_expected_is_said() -> None:
    assert weigh(YES, "v2", 0.45).says.endswith(
        "5.0 points came back of 20.0 points expected: less than half."
    )
    assert weigh(YES, "v2", None).recovered is None


def test_an_error_that_shrinks_again_has_come_back() -> None:
    worse = of_measure("model", "concept-drift", "mean absolute error", 4.0, 7.0)
    answer: Answer = judge(worse, Measures(), (), Retraining(), 0.0)
    assert weigh(answer, "v2", 4.5).recovered == pytest.approx(2.5)


def test_a_file_that_is_no_list_of_retrainings_is_said(tmp_path: Path) -> None:
    (tmp_path / "retraining.json").write_text("{")
    with pytest.raises(ValueError, match="is no list of retrainings: move it away"):
        Attempts(tmp_path / "retraining.json").read()


def test_old_attempts_are_forgotten(office: Office) -> None:
    office.attempts.begin(MODEL, 1_000.0)
    office.attempts.end(1_001.0)
    office.attempts.begin(MODEL, 1_000.0 + 31 * 86_400)
    assert len(office.attempts.read()) == 1
