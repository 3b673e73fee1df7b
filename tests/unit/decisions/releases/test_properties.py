"""R22: whatever is seen, a release grows step by step only, ends, and stays ended."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from decisions.releases.machine import Verb, step
from decisions.releases.observation import Answer, Observation, Weight
from decisions.releases.state import Phase, State
from tests.unit.decisions.releases.cases import LIVE, NEW, begun, guard, trouble

troubles = st.builds(
    trouble,
    st.sampled_from(list(Weight)),
    st.integers(5, 9),
    st.none() | st.floats(900_000, 1_100_000),
)
observations = st.builds(
    Observation,
    live=st.sampled_from([LIVE, LIVE, LIVE, LIVE, NEW, None]),
    loaded=st.sampled_from([True, True, True, False]),
    problem=st.sampled_from(["", "", f"models/{NEW}/model.npz is corrupt"]),
    flag=st.sampled_from(["ours", "ours", "ours", "ours", "absent", "other"]),
    compared=st.lists(st.builds(guard, st.floats(-0.9, 0.5), st.floats(0, 1)), max_size=2).map(tuple),
    labels=st.floats(0, 1_000),
    mismatch=st.sampled_from([False, False, False, True]),
    limits=st.sampled_from([(), (), ("too many fail.",)]),
    troubles=st.lists(troubles, max_size=2).map(tuple),
    blind=st.sampled_from(["", "", "Prometheus is away."]),
    answer=st.sampled_from([None, None, None, Answer("continue", "Ada"), Answer("roll back", "Ada")]),
)
looks = st.lists(st.tuples(st.floats(0, 4_000), observations), max_size=40)


def follow(seen: list[tuple[float, Observation]]) -> list[tuple[State, Verb]]:
    state, now, path = begun(), begun().begun, []
    for passed, observation in seen:
        now += passed
        state, decision = step(state, observation, now)
        path.append((state, decision.verb))
    return path


@given(looks)
@settings(max_examples=300)
def test_r22_the_share_is_that_of_the_step_and_grows_by_one_step_until_it_is_over(
    seen: list[tuple[float, Observation]],
) -> None:
    path = [(begun(), Verb.WAIT), *follow(seen)]
    for (before, _), (after, verb) in pairwise(path):
        assert after.share == (0.0 if after.over else after.steps[after.place].share)
        assert after.place - before.place == (verb is Verb.ADVANCE)
        assert not before.over or after == before
        assert after.looked >= before.looked and after.windows >= before.windows
        assert (after.phase is Phase.LIVE) <= (before.over or verb is Verb.LIVE)
        assert State.model_validate_json(after.model_dump_json()) == after


@given(looks, observations.filter(lambda seen: seen.answer is None))
@settings(max_examples=100)
def test_r22_every_release_ends_whatever_is_seen(
    seen: list[tuple[float, Observation]], at: Observation
) -> None:
    path = follow(seen)
    state = path[-1][0] if path else begun()
    now = state.looked
    while not state.over and now < state.begun + state.limits.longest + 10:
        now += 50
        state, _ = step(state, at, now)
    assert state.over


@given(observations, st.sampled_from([Phase.WATCHING, Phase.PAUSED, Phase.HELD]))
def test_r22_nothing_but_being_live_already_saves_a_worse_version(seen: Observation, phase: Phase) -> None:
    state = begun(phase=phase, window=begun().begun)
    worse = Observation(**{**seen.__dict__, "compared": (guard(-0.8, 0.1),)})
    after, _ = step(state, worse, state.begun + 5)
    assert after.phase is (Phase.LIVE if _became_live(seen) else Phase.ROLLED_BACK) or _by_hand(seen)


def _became_live(seen: Observation) -> bool:
    return seen.live == NEW and not _by_hand(seen)


def _by_hand(seen: Observation) -> bool:
    return seen.flag != "ours" or (seen.answer is not None and seen.answer.says == "roll back")
