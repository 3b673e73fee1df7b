"""What a person reads of a release."""

from decisions.releases.machine import Decision, Verb
from decisions.releases.state import Phase
from decisions.releases.wording import HOW_TO_ANSWER, describe, tell
from tests.unit.decisions.releases.cases import BEGUN, LIVE, NEW, begun, shadowed, watching

NOW = BEGUN + 610


def test_the_state_shows_passed_steps_the_present_one_and_what_is_to_come() -> None:
    lines = describe(watching(1, served=35.0, reason="25 s to go."), NOW).splitlines()
    assert lines[0] == f"{NEW} in place of {LIVE}: watching, 10 min 10 s since 1970-01-12 13:46:40 UTC"
    assert lines[1:] == [
        "  ✓     1%  at least 30 s",
        "  ▶     5%  at least 1 min, rules out a loss of 60%; 35 s so far",
        "       25%  at least 1 min, rules out a loss of 35%",
        "       50%  at least 1 min, rules out a loss of 25%",
        "  25 s to go.",
    ]


def test_a_question_says_how_to_answer_it() -> None:
    held = watching(phase=Phase.HELD, reason="Is it the version?")
    assert describe(held, NOW).splitlines()[-2:] == ["  Is it the version?", f"  {HOW_TO_ANSWER}."]
    assert HOW_TO_ANSWER in tell(held, Decision(Verb.HOLD), NOW)


def test_a_release_that_is_over_shows_where_it_ended() -> None:
    ended = describe(watching(1, phase=Phase.ROLLED_BACK), NOW)
    assert "✗     5%" in ended and "rolled back, 10 min since" in ended and "so far" not in ended
    live = describe(watching(3, phase=Phase.LIVE), NOW)
    assert live.count("✓") == 4


def test_a_decision_is_a_line_and_waiting_is_none() -> None:
    assert tell(watching(2, reason="Good."), Decision(Verb.ADVANCE), 3_661.0) == (
        "01:01:01  advances at 25%: Good."
    )
    assert "begins in the shadow" in tell(shadowed(reason="It answers."), Decision(Verb.WATCH), NOW)
    assert tell(begun(), Decision(Verb.WAIT), NOW) == ""
