"""R23 on live stacks: what happens in a case, what is asked and kept, and what counts as right."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.incidents.client_samples import Rate, rate
from bench.live_cases import Case
from bench.retraining import live, live_run
from bench.retraining.live_case import KINDS, RetrainingRun, Told
from bench.retraining.live_run import ANSWER_WITHIN, QUIET, SETTLE, WATCHER, run_case
from bench.retraining.live_tables import tabulate
from config import load
from decisions.audit import Change
from decisions.audit.entry import FIRST, Entry, write_line
from faults.catalogue import FAULTS
from stack import StackError
from tests.unit.bench.live import Scripted

ASK = "stack retrain"


class Stack(Scripted):
    """A stack whose audit trail and inbox say what the test wants."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        monkeypatch.setattr(live_run, "command", self.command)
        monkeypatch.setattr(live_run, "read_troubles", lambda *_: self.troubles)
        self.pids[WATCHER] = 4_711
        self.troubles: list[str] = []
        self.injected: float | None = None
        self.script: dict[float, Any] = {}
        self.does["faults break"] = self.inject
        self.entries: list[bytes] = []

    def inject(self) -> None:
        self.injected = self.now
        self.at |= {self.now - self.began + seconds: act for seconds, act in self.script.items()}

    def tell(self, what: Any, code: str = "", subject: str = "recommendations") -> None:
        """An entry of the audit trail, now."""
        change = Change(
            who="x", what=what, subject=subject, why="so", evidence={"code": code} if code else None
        )
        previous = Entry.parse(self.entries[-1]).hash if self.entries else FIRST
        moment = datetime.fromtimestamp(self.now, UTC)
        self.entries.append(write_line(change, len(self.entries) + 1, previous, moment))
        file = self.data / "decisions" / "audit.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"".join(each + b"\n" for each in self.entries))

    def answer(self, code: str) -> None:
        """What `make retrain` says, at once."""

        def refuse() -> None:
            if self.commands[-1] == ASK:
                self.tell("retraining.refused", code)
                self.running[ASK] = False

        self.does[ASK] = refuse


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    return Stack(tmp_path / "stack", monkeypatch)


def run(stack: Stack, name: str) -> RetrainingRun:
    return run_case(Case(name=name, round=1), stack, lambda _: None)  # type: ignore[arg-type]


def test_r23_a_drift_is_left_to_the_automatic_retraining_until_it_has_measured(stack: Stack) -> None:
    def drift() -> None:
        stack.inject()
        stack.hit_rate = 0.4

    def recover() -> None:
        stack.tell("release.live", subject="als32-new")
        stack.hit_rate = 0.57

    stack.does["faults break"] = drift
    stack.script = {
        60: lambda: stack.tell("retraining.refused", "too-little-data"),
        300: lambda: stack.tell("retraining.begun", "retrain"),
        330: lambda: stack.tell("release.begun", subject="als32-new"),
        600: recover,
        601: lambda: stack.tell("retraining.done", subject="als32-new"),
        930: lambda: stack.tell("retraining.measured", subject="als32-new"),
    }
    found = run(stack, "concept-drift")
    assert stack.commands == ["faults break concept-drift medium --for 3300"]
    assert (found.answer, found.retrained) == ("retrain", True)
    assert found.before.value == pytest.approx(0.6, abs=0.01)
    assert found.during.value == pytest.approx(0.4, abs=0.01)
    assert found.after and found.after.value == pytest.approx(0.57, abs=0.01)
    assert found.back == pytest.approx(0.95, abs=0.02) and found.right
    assert found.told[0].code == "too-little-data"


def test_a_drift_that_nobody_retrains_for_is_bounded_and_kept_as_that(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_run, "LONGEST", 300.0)
    found = run(stack, "covariate-drift")
    assert found.ended - found.began == pytest.approx(300, abs=2)
    assert (found.answer, found.retrained, found.right) == (None, False, False)


def test_r23_after_an_incident_has_its_verdict_it_is_asked_whether_to_retrain(stack: Stack) -> None:
    stack.script = {100: lambda: stack.troubles.append("storage")}
    stack.answer("not-the-model")
    found = run(stack, "storage-latency")
    assert stack.commands == ["faults break storage-latency high --for 3300", ASK]
    assert found.ended - found.began == pytest.approx(100 + SETTLE, abs=4)
    assert found.answer == "not-the-model" and found.right


def test_without_an_incident_it_is_asked_all_the_same(stack: Stack) -> None:
    stack.answer("nothing-wrong")
    found = run(stack, "collector-outage")
    assert found.answer == "nothing-wrong" and not found.right


def test_r23_in_quiet_time_nothing_is_broken_or_retrained(stack: Stack) -> None:
    stack.answer("nothing-wrong")
    found = run(stack, "quiet")
    assert stack.commands == [ASK] and found.right
    assert found.ended - found.began == pytest.approx(QUIET, abs=3)


def test_a_retraining_that_was_not_wanted_is_no_refusal_whatever_is_answered_later(stack: Stack) -> None:
    stack.script = {90: lambda: stack.tell("retraining.begun", "retrain")}
    stack.answer("not-the-model")
    assert not run(stack, "surge").right


def test_a_run_does_not_count_without_an_answer_or_without_the_automatic_one(stack: Stack) -> None:
    stack.does[ASK] = lambda: stack.running.update({ASK: False})
    with pytest.raises(StackError, match="`make retrain` gave no answer: whence: refused"):
        run(stack, "surge")
    stack.answer("not-the-model")
    (stack.data / "logs" / "retraining.log").write_text("whence: no inbox\n")
    stack.script = {10: lambda: stack.pids.update({WATCHER: 4_712})}
    with pytest.raises(StackError, match="the automatic retraining ended: whence: no inbox"):
        run(stack, "surge")


def test_a_question_that_is_not_answered_in_time_is_kept_as_that(stack: Stack) -> None:
    found = run(stack, "quiet")
    assert (found.answer, found.right) == (None, False)
    assert found.ended - found.began == pytest.approx(QUIET + ANSWER_WITHIN, abs=3)


def test_the_automatic_retraining_is_allowed_where_it_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "whence.yaml"
    file.write_text(live_run.CONFIG)
    monkeypatch.setenv("WHENCE_CONFIG", str(file))
    assert load().retraining.automatic


def test_every_case_is_a_fault_that_there_is() -> None:
    assert all(kind.fault in {"", *FAULTS} for kind in KINDS.values())


def make_run(name: str, answer: Any, number: int = 1, *told: Any, after: int | None = None) -> RetrainingRun:
    return RetrainingRun(
        case=Case(name=name, round=number),
        load=1.0,
        began=1_000.0,
        ended=2_000.0,
        answer=answer,
        told=tuple(Told(at=1_100.0, what=what, subject="m", why="so") for what in told),
        live_at=1_600.0 if after else None,
        before=Rate(answered=1_000, hits=600),
        during=Rate(answered=1_000, hits=400),
        after=Rate(answered=1_000, hits=after) if after else None,
    )


def test_quality_has_to_come_back_to_nine_tenths() -> None:
    assert make_run("concept-drift", "retrain", after=540).right
    assert not make_run("concept-drift", "retrain", after=539).right


def test_the_tables_tell_answers_and_quality_by_what_happened() -> None:
    by_case, each = tabulate(
        [
            make_run("concept-drift", "retrain", 1, "retraining.begun", "retraining.done", after=570),
            make_run("concept-drift", None, 2),
            make_run("surge", "not-the-model", 1, "retraining.refused"),
        ]
    )
    assert all(len(row) == len(table.columns) for table in (by_case, each) for row in table.rows)
    drift, surge = (dict(zip(by_case.columns, row, strict=True)) for row in by_case.rows)
    assert drift["what happened"] == "concept-drift, medium" and drift["answered"] == "retrain 1, nothing 1"
    assert drift["of before"] == "95% (least 95%)" and drift["as it should be"].startswith("50%")
    assert surge["as it should be"].startswith("100%") and surge["of before"] == "–"
    assert each.rows[2][-1] == "retraining.refused: so"


def test_the_page_says_that_there_are_no_runs_or_has_their_tables(tmp_path: Path) -> None:
    page, recording = tmp_path / "page.md", tmp_path / "runs.jsonl"
    page.write_text(live.PAGE.read_text().replace(live.BEGIN, f"{live.BEGIN}\nold table\n"))
    live.document(recording, page)
    assert "No live retraining is recorded yet" in page.read_text() and "old table" not in page.read_text()
    found = make_run("surge", "not-the-model").model_dump_json(exclude_defaults=True)
    recording.write_text(found + "\n")
    live.document(recording, page)
    assert "| surge-1 | not-the-model | yes |" in page.read_text()


def test_no_sample_counts_that_lies_across_the_moment() -> None:
    assert rate((), 0, 10).value == 0.0
