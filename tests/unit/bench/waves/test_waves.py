"""Incidents of more than one trouble: what is done to a stack, what its page may say, and what is kept."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.live_cases import Case
from bench.waves import __main__ as program
from bench.waves.case import KINDS, WavesRun
from bench.waves.run import AFTERWARDS, FALSE_ALERT, SETTLED, run_case
from bench.waves.tables import tabulate
from faults import SEVERITIES
from faults.catalogue import FAULTS
from stack import StackError
from tests.unit.bench.live import Scripted, refuse

Says = Mapping[str, Any]


def verdict(cause: str) -> Says:
    return {"cause": cause, "confidence": 0.96, "impact": 1.2}


class Stack(Scripted):
    """A stack whose page has one incident with the waves that the test wants."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.waves: list[dict[str, Any]] = []
        self.headline = "none"
        self.posted: list[Any] = []
        self.when: list[float] = []
        self.script: list[Any] = []
        self.does["faults break"] = self.next
        monkeypatch.setattr(httpx, "post", self.post)

    def next(self) -> None:
        """The next trouble has begun: what happens at once, and a minute later."""
        self.when.append(self.now)
        if self.script:
            self.at[self.now - self.began + 60] = self.script.pop(0)

    def post(self, address: str, json: Any, **_: Any) -> httpx.Response:
        self.posted.append((address, json))
        self.next()
        return httpx.Response(200, request=httpx.Request("POST", address))

    def tell(self, cause: str, headline: str, hit_rate: float = 0.6, *, impact: bool = False) -> None:
        """Another wave, now, and what the incident says from then on."""
        moment = datetime.fromtimestamp(self.now, UTC).isoformat()
        wave = {"started_at": moment, "alerts": ["A"], "user_impact": ["A"] * impact}
        self.waves.append(wave | {"verdict": verdict(cause)})
        self.headline, self.hit_rate = headline, hit_rate

    def incidents(self) -> Sequence[Says]:
        if not self.waves:
            return []
        said = {"id": 1, "alerts": [{"name": "A"}], "verdict": verdict(self.headline), "waves": self.waves}
        return [said]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    return Stack(tmp_path / "stack", monkeypatch)


def run(stack: Stack, name: str, lasts: float = 600) -> WavesRun:
    return run_case(Case(name=name, round=1), stack, lasts, lambda _: None)  # type: ignore[arg-type]


def run_second(stack: Stack, headline: str, second: str = "bad-model") -> WavesRun:
    stack.script = [
        lambda: stack.tell("storage-errors", "storage-errors", 0.5),
        lambda: stack.tell(second, headline, 0.3),
    ]
    return run(stack, "second-trouble")


def test_two_minutes_after_the_first_trouble_another_begins_and_the_greater_one_leads(stack: Stack) -> None:
    found = run_second(stack, "bad-model")
    assert [each.rpartition(" --for ")[0] or each for each in stack.commands] == [
        "faults break storage-errors medium",
        "faults break bad-model high",
        "faults mend",
    ]
    first, second = stack.when
    assert second - first == pytest.approx(120, abs=2)
    assert found.mended - second == pytest.approx(300, abs=2)
    assert stack.now - found.mended == pytest.approx(AFTERWARDS, abs=2)
    assert found.before and found.before.value == pytest.approx(0.6, abs=0.01)
    assert found.troubles[0].users.answered == pytest.approx(20 * (120 - SETTLED), abs=200)
    assert found.troubles[1].users.value < found.troubles[0].users.value
    assert [wave.cause for wave in found.waves] == ["storage-errors", "bad-model"]
    assert found.right


@pytest.mark.parametrize("headline", ["storage-errors", "concept-drift", "none"])
def test_another_headline_than_the_worst_trouble_is_wrong(stack: Stack, headline: str) -> None:
    found = run_second(stack, headline)
    assert (found.headline_right, found.waves_right, found.right) == (False, True, False)


@pytest.mark.parametrize("second", ["storage-errors", "unknown"])
def test_each_trouble_has_to_be_named_by_a_wave_of_its_own(stack: Stack, second: str) -> None:
    found = run_second(stack, "bad-model", second)
    assert (found.headline_right, found.waves_right) == (True, False)


def test_no_wave_may_name_what_has_not_happened(stack: Stack) -> None:
    stack.at[300.0] = lambda: stack.tell("concept-drift", "storage-latency")
    stack.script = [lambda: stack.tell("storage-latency", "storage-latency", 0.3)]
    assert not run(stack, "start-up").waves_right


def test_a_trouble_cannot_be_named_before_it_began(stack: Stack) -> None:
    def tell_both() -> None:
        stack.tell("storage-errors", "storage-errors")
        stack.tell("bad-model", "bad-model")

    stack.script = [tell_both, lambda: stack.tell("bad-model", "bad-model", 0.3)]
    found = run(stack, "second-trouble")
    assert found.headline_right and not found.waves_right


def test_a_false_alert_that_ends_comes_before_the_true_trouble(stack: Stack) -> None:
    stack.script = [
        lambda: stack.tell("none", "none"),
        lambda: stack.tell("storage-latency", "storage-latency", 0.3),
    ]
    found = run(stack, "false-alert-first")
    ((address, (alert,)),) = stack.posted
    assert address.endswith("/alertmanager/api/v2/alerts") and alert["labels"] == FALSE_ALERT
    starts, ends = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
    assert (ends - starts).total_seconds() == 60
    assert found.right


def test_a_cause_named_for_the_false_alert_is_wrong(stack: Stack) -> None:
    stack.script = [
        lambda: stack.tell("concept-drift", "concept-drift"),
        lambda: stack.tell("storage-latency", "storage-latency", 0.3),
    ]
    found = run(stack, "false-alert-first")
    assert (found.headline_right, found.waves_right) == (True, False)


def test_a_run_does_not_count_where_alertmanager_takes_no_alert(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(httpx, "post", away)
    with pytest.raises(StackError, match="Alertmanager takes no alert"):
        run(stack, "false-alert-first")


def test_during_the_start_there_is_no_time_before_the_trouble(stack: Stack) -> None:
    stack.script = [lambda: stack.tell("storage-latency", "storage-latency", 0.3)]
    found = run(stack, "start-up")
    assert stack.when == [stack.began]
    assert found.before is None and found.right


def test_the_long_trouble_lasts_as_long_as_it_is_told(stack: Stack) -> None:
    stack.script = [lambda: stack.tell("storage-latency", "storage-latency", 0.3, impact=True)]
    found = run(stack, "long", 7200)
    assert found.mended - found.troubles[0].at == pytest.approx(7200, abs=2)
    lease = int(stack.commands[0].split()[-1])
    assert lease >= 7200 + AFTERWARDS, "it is this program that mends"
    assert found.looks > 1400 and found.right


def test_none_while_users_are_affected_is_wrong_however_the_page_ends(stack: Stack) -> None:
    stack.script = [lambda: stack.tell("none", "none", 0.3, impact=True)]
    stack.at[300.0] = lambda: stack.waves[0].update(verdict=verdict("storage-latency"))
    stack.at[400.0] = lambda: setattr(stack, "headline", "storage-latency")
    found = run(stack, "long")
    assert found.headline_right and found.waves_right and not found.right
    assert found.cleared == pytest.approx((400 - stack.when[0] + stack.began - 60) / 5, abs=3)


def test_none_may_be_said_while_nobody_is_affected(stack: Stack) -> None:
    stack.script = [lambda: stack.tell("none", "none", 0.3)]
    assert run(stack, "start-up").cleared == 0


def test_a_moment_without_an_answer_is_no_look(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.script = [lambda: stack.tell("storage-latency", "storage-latency", 0.3)]
    answers = stack.incidents
    monkeypatch.setattr(
        stack, "incidents", lambda: refuse() if 100 < stack.now - stack.began < 200 else answers()
    )
    found = run(stack, "start-up")
    assert found.looks == pytest.approx((300 + AFTERWARDS - 100) / 5, abs=3) and found.right


def test_a_run_does_not_count_if_an_alert_fired_before_anything_was_done(stack: Stack) -> None:
    stack.at[100.0] = lambda: stack.tell("none", "none")
    with pytest.raises(StackError, match="A fired before anything was done"):
        run(stack, "long")


def test_without_an_incident_nothing_is_right(stack: Stack) -> None:
    found = run(stack, "start-up")
    assert not found.headline_right and not found.waves_right


def test_every_trouble_is_a_fault_that_there_is_or_a_false_alert() -> None:
    troubles = [trouble for kind in KINDS.values() for trouble in kind.troubles]
    assert all(trouble.fault in {"", *FAULTS} and trouble.severity in SEVERITIES for trouble in troubles)


def test_the_page_has_every_case_and_says_which_was_not_run_yet(stack: Stack, tmp_path: Path) -> None:
    page, recording = tmp_path / "page.md", tmp_path / "runs.jsonl"
    page.write_text(program.PAGE.read_text().replace(program.BEGIN, f"{program.BEGIN}\nold table\n"))
    program.document(recording, page)
    text = page.read_text()
    assert "old table" not in text
    assert all(f"| {kind.tells} | not run yet |" in text for kind in KINDS.values())
    found = run_second(stack, "bad-model")
    recording.write_text(found.model_dump_json(exclude_defaults=True) + "\n")
    program.document(recording, page)
    text = page.read_text()
    assert f"| {KINDS['second-trouble'].tells} | 1 of 1 |" in text
    assert "60 s storage-errors 96%, 180 s bad-model 96%" in text


def test_the_tables_say_what_was_wrong(stack: Stack) -> None:
    summary, each = tabulate([run_second(stack, "none")])
    assert all(len(row) == len(table.columns) for table in (summary, each) for row in table.rows)
    assert summary.rows[0][1:4] == ("0 of 1", "0 of 1", "1 of 1")
    assert each.rows[0][-1] == "NO" and "none" in each.rows[0]
