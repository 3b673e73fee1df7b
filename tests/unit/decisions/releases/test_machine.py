"""R22: what a release does at a look, each rule in both directions, and which evidence overrides which."""

from typing import Any

import pytest

from config.releases import Release
from decisions.releases.machine import AWAY, EARLIER, LOADING_SECONDS, SETTLED, Decision, Verb, step
from decisions.releases.observation import Answer, Observation, Weight
from decisions.releases.plan import limit, plan
from decisions.releases.state import Phase, State, begin
from tests.unit.decisions.releases.cases import (
    BEGUN,
    LIVE,
    NEW,
    QUIET,
    begun,
    guard,
    seen,
    shadowed,
    trouble,
    watching,
)

LOOK = 5.0


def look(state: State, at: Observation, after: float = LOOK) -> tuple[State, Decision]:
    return step(state, at, state.looked + after)


def verb(state: State, at: Observation, after: float = LOOK) -> Verb:
    return look(state, at, after)[1].verb


def test_r22_a_good_version_goes_from_one_percent_to_live_by_itself() -> None:
    state, now = begun(), BEGUN
    shares: list[str | float] = []
    while not state.over:
        now += LOOK
        live = NEW if shares and shares[-1] == "published" else LIVE
        state, decision = step(state, seen(live=live), now)
        shares.append("published" if decision.verb is Verb.PUBLISH else state.share)
    assert state.phase is Phase.LIVE
    assert list(dict.fromkeys(shares)) == [0.01, 0.05, 0.25, 0.5, "published", 0.0]
    assert now - BEGUN < 300


def test_a_version_loads_before_its_time_counts() -> None:
    state, decision = look(begun(), seen(loaded=False))
    assert (state.phase, decision.verb, state.served) == (Phase.LOADING, Verb.WAIT, 0.0)
    state, decision = look(state, QUIET)
    assert (state.phase, decision.verb) == (Phase.WATCHING, Verb.WATCH)
    assert state.window == state.looked + SETTLED
    assert look(state, QUIET)[0].served == LOOK


@pytest.mark.parametrize(
    ("at", "after"),
    [
        (seen(loaded=False, problem=f"models/{NEW}/card.json is not in the bucket"), LOOK),
        (seen(loaded=False), LOADING_SECONDS + LOOK),
        (Observation(None, loaded=False), LOADING_SECONDS + LOOK),
    ],
    ids=["said", "late", "silent"],
)
def test_r22_a_version_that_cannot_load_is_rolled_back(at: Observation, after: float) -> None:
    state, decision = step(begun(looked=BEGUN + after - LOOK), at, BEGUN + after)
    assert state.phase is Phase.ROLLED_BACK
    assert "does not answer with it" in decision.why or "cannot load it: models/" in decision.why
    assert verb(begun(), seen(loaded=False, problem="something else")) is Verb.WAIT


def test_a_version_that_is_gone_later_is_rolled_back_and_a_recommender_that_is_gone_pauses() -> None:
    assert verb(watching(), seen(loaded=False)) is Verb.ROLL_BACK
    state, decision = look(watching(), Observation(None, loaded=False))
    assert (state.phase, decision.why) == (Phase.PAUSED, "The recommender does not answer.")


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("phase", [Phase.WATCHING, Phase.PAUSED, Phase.HELD])
def test_r22_a_worse_version_is_rolled_back_at_any_step_and_in_any_phase(place: int, phase: Phase) -> None:
    state, decision = look(watching(place, phase=phase), seen(compared=(guard(-0.7),)))
    assert (state.phase, state.share) == (Phase.ROLLED_BACK, 0.0)
    assert "hit rate 18.0% against 60.0%, -70.0% (-80.0% to -60.0%)" in decision.why
    assert look(watching(place), seen(compared=(guard(-0.09),)))[1].verb is not Verb.ROLL_BACK


@pytest.mark.parametrize("name", ["answered", "in time", "personalised"])
def test_r22_fewer_answers_or_later_or_less_personal_ones_roll_back(name: str) -> None:
    assert verb(watching(), seen(compared=(guard(), guard(-0.2, name=name)))) is Verb.ROLL_BACK
    tolerated = guard(-0.005, 0.004, name=name, error=0.001)
    assert verb(watching(), seen(compared=(guard(), tolerated))) is Verb.WAIT, "significant, but small"


def test_r22_a_worse_version_is_rolled_back_while_storage_is_slow() -> None:
    both = seen(compared=(guard(-0.7),), troubles=(trouble(Weight.PAUSES),))
    assert verb(watching(), both) is Verb.ROLL_BACK
    assert verb(watching(phase=Phase.PAUSED), both) is Verb.ROLL_BACK


def test_r22_trouble_of_infrastructure_pauses_a_good_version_and_it_resumes_by_itself() -> None:
    before = watching(served=20.0)
    paused, decision = look(before, seen(troubles=(trouble(Weight.PAUSES),)))
    assert (paused.phase, paused.share, decision.verb) == (Phase.PAUSED, before.share, Verb.PAUSE)
    assert "Incident 8, infrastructure: Something happened." in decision.why
    later, again = look(paused, seen(troubles=(trouble(Weight.PAUSES),)), 50)
    assert (again.verb, later.served) == (Verb.WAIT, 20 + LOOK), "the clock of the step stands still"
    resumed, decision = look(later, QUIET)
    assert (resumed.phase, decision.verb) == (Phase.WATCHING, Verb.RESUME)
    assert (resumed.window, resumed.windows) == (resumed.looked, before.windows + 1)
    assert look(resumed, QUIET)[0].served == 20 + 2 * LOOK


@pytest.mark.parametrize(
    "at",
    [
        seen(limits=("2.0% of all requests fail, the limit is 1.0%.",)),
        seen(blind="Prometheus cannot be reached at http://127.0.0.1:9090.", compared=(), labels=0.0),
        seen(troubles=(trouble(Weight.PAUSES_IF_NEW),)),
    ],
    ids=["limits", "blind", "diagnosed"],
)
def test_what_cannot_be_judged_yet_pauses(at: Observation) -> None:
    state, decision = look(watching(served=1_000.0), at)
    assert (state.phase, decision.verb) == (Phase.PAUSED, Verb.PAUSE)
    assert decision.why


def test_incidents_from_before_the_release_do_not_count_against_it() -> None:
    for weight in (Weight.ROLLS_BACK, Weight.ASKS, Weight.PAUSES_IF_NEW):
        assert verb(watching(), seen(troubles=(trouble(weight, incident=7),))) is Verb.WAIT
    assert verb(watching(), seen(troubles=(trouble(Weight.PAUSES, incident=7),))) is Verb.PAUSE


def test_r22_a_verdict_on_model_or_release_rolls_back_what_it_may_be_about() -> None:
    blamed = trouble(Weight.ROLLS_BACK, onset=BEGUN + 60)
    assert verb(watching(), seen(troubles=(blamed,))) is Verb.ROLL_BACK
    assert verb(watching(), seen(troubles=(trouble(Weight.ROLLS_BACK),))) is Verb.ROLL_BACK
    older = trouble(Weight.ROLLS_BACK, onset=BEGUN - EARLIER - 1)
    assert verb(watching(), seen(troubles=(older,))) is Verb.WAIT, "the version may be its remedy"
    both = (trouble(Weight.PAUSES, 9), blamed)
    assert verb(watching(), seen(troubles=both)) is Verb.ROLL_BACK


def test_r22_new_trouble_with_data_pauses_and_resumes_by_itself() -> None:
    drift = trouble(Weight.PAUSES_IF_NEW, onset=BEGUN + 60)
    paused, decision = look(watching(), seen(troubles=(drift,)))
    assert (paused.phase, decision.verb) == (Phase.PAUSED, Verb.PAUSE)
    assert verb(paused, seen(compared=(guard(-0.7),), troubles=(drift,))) is Verb.ROLL_BACK
    assert verb(paused, QUIET) is Verb.RESUME
    older = trouble(Weight.PAUSES_IF_NEW, onset=BEGUN - EARLIER - 1)
    assert verb(watching(), seen(troubles=(older,))) is Verb.WAIT, "the version may be its remedy"


def test_r22_unknown_trouble_holds_and_asks_until_a_person_answers() -> None:
    held, decision = look(watching(served=50.0), seen(troubles=(trouble(Weight.ASKS),)))
    assert (held.phase, decision.verb, set(held.asked)) == (Phase.HELD, Verb.HOLD, {8})
    assert verb(held, seen(troubles=(trouble(Weight.ASKS),))) is Verb.WAIT
    assert verb(held, QUIET) is Verb.WAIT, "that it is over does not say what it was"
    assert verb(held, seen(troubles=(trouble(Weight.PAUSES, 9),))) is Verb.WAIT
    on, decision = look(held, seen(troubles=(trouble(Weight.ASKS),), answer=Answer("continue", "Ada")))
    assert (on.phase, decision.why) == (Phase.WATCHING, "Ada said to go on.")
    assert verb(on, seen(troubles=(trouble(Weight.ASKS),))) is not Verb.HOLD, "it was answered"
    assert verb(on, seen(troubles=(trouble(Weight.ASKS, 9),))) is Verb.HOLD


def test_unknown_trouble_that_is_explained_meanwhile_is_no_question_any_more() -> None:
    held, _ = look(watching(), seen(troubles=(trouble(Weight.ASKS),)))
    paused, decision = look(held, seen(troubles=(trouble(Weight.PAUSES),)))
    assert (paused.phase, decision.verb) == (Phase.PAUSED, Verb.PAUSE)
    assert verb(held, seen(troubles=(trouble(Weight.ROLLS_BACK),))) is Verb.ROLL_BACK
    more, decision = look(held, seen(troubles=(trouble(Weight.ASKS), trouble(Weight.ASKS, 9))))
    assert (decision.verb, set(more.asked)) == (Verb.HOLD, {8, 9})


def test_users_who_do_not_come_by_their_shares_hold_it() -> None:
    disturbed = seen(mismatch=True, troubles=(trouble(Weight.PAUSES),))
    assert verb(watching(), disturbed) is Verb.PAUSE, "counts that may be wrong are no question"
    held, decision = look(watching(), seen(mismatch=True))
    assert verb(held, seen(mismatch=True)) is Verb.WAIT
    assert (held.phase, decision.verb) == (Phase.HELD, Verb.HOLD)
    on, _ = look(held, seen(mismatch=True, answer=Answer("continue", "Ada")))
    assert verb(on, seen(mismatch=True)) is Verb.WAIT


def test_r22_a_person_rolls_back_in_any_phase() -> None:
    answer = seen(answer=Answer("roll back", "Ada"))
    for phase in (Phase.LOADING, Phase.WATCHING, Phase.PAUSED, Phase.HELD):
        state, decision = look(watching(phase=phase), answer)
        assert (state.phase, decision.why) == (Phase.ROLLED_BACK, "Ada asked for it.")
    assert verb(watching(), seen(answer=Answer("continue", "Ada"))) is Verb.WAIT, "nothing was asked"


@pytest.mark.parametrize("flag", ["absent", "other"])
def test_a_flag_file_that_somebody_else_changed_ends_it(flag: Any) -> None:
    assert verb(watching(), seen(flag=flag)) is Verb.ROLL_BACK
    first = verb(begun(), seen(flag=flag, loaded=False))
    assert first is (Verb.WAIT if flag == "absent" else Verb.ROLL_BACK), "at first there is none yet"


def test_another_live_version_ends_it() -> None:
    state, decision = look(watching(), seen(live="als64-cccccc"))
    assert state.phase is Phase.ROLLED_BACK and "als64-cccccc" in decision.why


@pytest.mark.parametrize(
    ("change", "advances"), [(-0.2, True), (-0.4, False)], ids=["ruled out", "not ruled out"]
)
def test_r22_a_step_lasts_until_its_loss_is_ruled_out(change: float, advances: bool) -> None:
    at = seen(compared=(guard(change, 0.3 if advances else 0.5),))
    state, decision = look(watching(1, served=100.0), at)
    assert (decision.verb is Verb.ADVANCE) == advances
    assert state.place == 1 + advances
    if not advances:
        assert "a loss of 60% is not ruled out" in decision.why


def test_a_step_lasts_its_time_and_needs_labels() -> None:
    assert verb(watching(0, served=30 - LOOK - 1), QUIET) is Verb.WAIT
    assert verb(watching(0, served=30 - LOOK), QUIET) is Verb.ADVANCE
    assert verb(watching(0, served=300.0), seen(labels=0.0)) is Verb.WAIT
    assert verb(watching(1, served=300.0), seen(compared=())) is Verb.WAIT, "of hits nothing is known"


def test_what_looks_worse_but_may_be_chance_waits() -> None:
    fails = guard(-0.05, 0.2, name="answered", error=0.02)
    state, decision = look(watching(1, served=300.0), seen(compared=(guard(), fails)))
    assert (state.phase, decision.verb) == (Phase.WATCHING, Verb.WAIT)
    assert "answered" in decision.why
    noisy = guard(-0.05, 0.2, name="answered", error=0.05)
    assert verb(watching(1, served=300.0), seen(compared=(guard(), noisy))) is Verb.ADVANCE


def test_r22_what_cannot_be_told_with_these_users_is_asked_and_may_be_waived() -> None:
    at = seen(compared=(guard(0.0, 0.9),))
    undecided = begun().limits.undecided
    assert verb(watching(1, served=undecided - LOOK), at) is Verb.WAIT
    held, decision = look(watching(1, served=undecided), at)
    assert held.phase is Phase.HELD and "a loss of 60% is not ruled out" in decision.why
    on, _ = look(held, seen(compared=at.compared, answer=Answer("continue", "Ada")))
    further, decision = look(on, at)
    assert (decision.verb, further.place, further.waived) == (Verb.ADVANCE, 2, False)


def test_r22_a_question_that_nobody_answers_rolls_back() -> None:
    held = watching(phase=Phase.HELD, asked=frozenset({8}))
    within = held.limits.answer_within
    quiet = held.model_copy(update={"looked": held.since + within - LOOK})
    assert verb(quiet, QUIET) is Verb.WAIT
    late, decision = look(quiet.model_copy(update={"looked": held.since + within}), QUIET)
    assert late.phase is Phase.ROLLED_BACK and "Nobody answered within 1 h" in decision.why


def test_r22_a_release_does_not_last_for_ever() -> None:
    longest = begun().limits.longest
    paused = watching(phase=Phase.PAUSED, looked=BEGUN + longest)
    assert verb(paused, seen(troubles=(trouble(Weight.PAUSES),))) is Verb.ROLL_BACK


def test_after_an_absence_the_comparison_starts_anew_and_the_time_does_not_count() -> None:
    before = watching(served=20.0)
    near, _ = look(before, seen(labels=0.0), AWAY)
    assert (near.served, near.windows) == (20 + AWAY, before.windows)
    state, decision = look(before, QUIET, AWAY + 1)
    assert (state.served, state.windows, decision.verb) == (20.0, before.windows + 1, Verb.WAIT)
    assert state.window == state.looked + SETTLED
    reloading = seen(loaded=False, compared=(), labels=0.0)
    assert verb(state, reloading) is Verb.WAIT, "the flag has lapsed, and the version is loaded again"


def test_what_is_over_stays_as_it_is() -> None:
    for phase in (Phase.LIVE, Phase.ROLLED_BACK):
        state = watching(phase=phase)
        assert look(state, seen(compared=(guard(-0.7),)))[0] == state


def test_r22_blue_green_gives_all_users_the_version_at_once_and_watches() -> None:
    declared = Release.model_validate({"strategy": "blue-green", "watch": "2m", "shadow": "off"})
    state = begin(NEW, LIVE, plan(declared, 0.1), limit(declared), frozenset(), BEGUN)
    assert state.share == 1.0
    state, _ = look(state, QUIET)
    alone = seen(compared=())
    assert verb(state, seen(compared=(), troubles=(trouble(Weight.ROLLS_BACK),))) is Verb.ROLL_BACK
    assert verb(state, alone) is Verb.WAIT
    assert verb(state.model_copy(update={"served": 120.0}), alone) is Verb.PUBLISH


def test_r22_it_begins_in_the_shadow_where_no_user_has_it() -> None:
    state = shadowed()
    assert (state.share, state.step.shadow, state.windows) == (0.0, 0.1, 0)
    assert verb(state, seen(loaded=False, flag="absent")) is Verb.WAIT
    state, _ = look(state, seen(compared=(), labels=0.0))
    assert (state.phase, state.share) == (Phase.WATCHING, 0.0)
    assert verb(state, seen(flag="absent")) is Verb.ROLL_BACK, "somebody ended the shadow"
    late = state.model_copy(update={"served": 60.0})
    assert verb(late, seen(compared=(), labels=0.0)) is Verb.WAIT, "it has answered nothing yet"
    state, decision = look(late, seen(compared=(), labels=30.0))
    assert (state.phase, state.share, state.windows) == (Phase.LOADING, 0.01, 1)
    assert decision.why == "It answered 30 requests in the shadow."
    assert verb(state, seen(flag="absent", loaded=False)) is Verb.WAIT, "the flag is about to be written"


def test_r22_a_version_that_fails_in_the_shadow_is_rolled_back_before_a_user_has_it() -> None:
    fails = guard(-0.5, name="answered")
    state, _ = look(shadowed(phase=Phase.WATCHING), seen(compared=(fails,)))
    assert (state.phase, state.share) == (Phase.ROLLED_BACK, 0.0)
