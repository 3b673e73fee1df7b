"""What is decided at one look: a pure function of state, observation and time.

                    ┌────────────── disturbed ──────────────▶ paused ─────┐
loading ─▶ watching ┤                                     over by itself ─┴▶ watching
    │         │     └─ unexplained, undecided ─▶ held ─ continue ─▶ watching
    │         ├─ enough is known ─▶ watching at the next share … ─▶ live
    └─────────┴─ cannot load, worse, blamed, by hand, too long ─▶ rolled back     (from any phase)

`RULES` are asked in their order, and the first that says something decides: so what stands above overrides
what stands below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from decisions.releases.observation import Observation, Trouble, Weight
from decisions.releases.state import Phase, State
from prometheus.quantities import write_duration

SETTLED = 15.0
"""Seconds after the flag changed in which counts may be those of the flag before: the recommender looks at it
each 5 s, and sends its counts each 5 s. Labels come no sooner than that."""

AWAY = 60.0
"""Seconds between two looks from which the controller counts as having been away."""

LOADING_SECONDS = 90.0
"""From the window's beginning: a version waits up to 30 s for its features, and storage may be slow."""

EARLIER = 60.0
"""Seconds before the release began from which trouble is not of its making: onsets are estimates."""


class Verb(StrEnum):
    """What is done; of those from `ADVANCE` on every one is recorded."""

    WAIT = "wait"
    WATCH = "watch"
    PUBLISH = "publish"
    ADVANCE = "advance"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    ROLL_BACK = "roll back"
    LIVE = "live"


@dataclass(frozen=True)
class Decision:
    """What is done and why, as a sentence; `asked` are the incidents that a person is asked about."""

    verb: Verb
    why: str = ""
    asked: frozenset[int] = frozenset()
    waived: bool = False


Rule = Callable[[State, Observation, float], Decision | None]


def step(state: State, seen: Observation, now: float) -> tuple[State, Decision]:
    """The state after a look at `now` (Unix seconds), and what was decided."""
    if state.over:
        return state, Decision(Verb.WAIT, state.reason)
    counted = _count(state, now)
    found = (rule(counted, seen, now) for rule in RULES)
    decision = next((each for each in found if each), Decision(Verb.WAIT, _progress(counted, seen)))
    return _follow(counted, decision, now), decision


def published(state: State, problem: str, now: float) -> tuple[State, Decision]:
    """The state after it was named as the live version, or after a `problem` with that."""
    why = (
        f"It cannot be made live yet: {problem}" if problem else "It is named live; the recommender follows."
    )
    decision = Decision(Verb.WAIT, why)
    return _follow(state, decision, now), decision


def _count(state: State, now: float) -> State:
    """Time counts for the step while it is watched; after an absence the comparison starts anew."""
    passed = max(0.0, now - state.looked)
    changes: dict[str, object] = {"looked": max(now, state.looked)}
    if passed > AWAY:
        changes |= {"window": now + SETTLED, "windows": state.windows + 1}
    elif state.phase is Phase.WATCHING:
        changes["served"] = state.served + passed
    return state.model_copy(update=changes)


def _follow(state: State, decision: Decision, now: float) -> State:
    anew: dict[str, object] = {"since": now, "window": now, "windows": state.windows + 1}
    changes: dict[Verb, dict[str, object]] = {
        Verb.WATCH: {"phase": Phase.WATCHING, "since": now, "window": now + SETTLED},
        Verb.ADVANCE: anew
        | {
            "phase": Phase.LOADING if state.step.shadow else Phase.WATCHING,
            "window": now + SETTLED,
            "place": state.place + 1,
            "served": 0.0,
            "waived": False,
        },
        Verb.PAUSE: {"phase": Phase.PAUSED, "since": now},
        Verb.RESUME: anew
        | {
            "phase": Phase.WATCHING,
            "known": state.known | decision.asked,
            "waived": state.waived or decision.waived,
            "asked": frozenset(),
        },
        Verb.HOLD: {"phase": Phase.HELD, "since": now, "asked": decision.asked},
        Verb.ROLL_BACK: {"phase": Phase.ROLLED_BACK, "since": now},
        Verb.PUBLISH: {"published": True},
        Verb.LIVE: {"phase": Phase.LIVE, "since": now},
    }
    return state.model_copy(update={"reason": decision.why, **changes.get(decision.verb, {})})


def _by_hand(state: State, seen: Observation, now: float) -> Decision | None:
    if seen.answer and seen.answer.says == "roll back":
        return Decision(Verb.ROLL_BACK, f"{seen.answer.who} asked for it.")
    if seen.flag == "other" or (seen.flag == "absent" and state.phase is not Phase.LOADING):
        return Decision(Verb.ROLL_BACK, "The flag file was changed by somebody else.")
    return None


def _became_live(state: State, seen: Observation, now: float) -> Decision | None:
    if seen.live == state.version:
        return Decision(Verb.LIVE, "It is the live version now.")
    if seen.live not in (state.former, None):
        return Decision(Verb.ROLL_BACK, f"Another version became live meanwhile: {seen.live}.")
    return None


def _cannot_load(state: State, seen: Observation, now: float) -> Decision | None:
    late = now - state.window > LOADING_SECONDS
    if seen.loaded or (seen.live is None and state.phase is not Phase.LOADING):
        return None
    if seen.problem and (late or state.version in seen.problem):
        return Decision(Verb.ROLL_BACK, f"The recommender cannot load it: {seen.problem}.")
    return Decision(Verb.ROLL_BACK, "The recommender does not answer with it; see its log.") if late else None


def _worse(state: State, seen: Observation, now: float) -> Decision | None:
    worse = [each.sentence for each in seen.compared if each.worse]
    return Decision(Verb.ROLL_BACK, f"Worse than {state.former}: {'; '.join(worse)}.") if worse else None


def _blamed(state: State, seen: Observation, now: float) -> Decision | None:
    blamed = [trouble for trouble in seen.troubles if _counts_against(state, trouble)]
    return Decision(Verb.ROLL_BACK, _tell(blamed)) if blamed else None


def _too_long(state: State, seen: Observation, now: float) -> Decision | None:
    if now - state.begun > state.limits.longest:
        return Decision(Verb.ROLL_BACK, f"It has taken more than {write_duration(state.limits.longest)}.")
    if state.phase is Phase.HELD and now - state.since > state.limits.answer_within:
        return Decision(
            Verb.ROLL_BACK, f"Nobody answered within {write_duration(state.limits.answer_within)}."
        )
    return None


def _loads(state: State, seen: Observation, now: float) -> Decision | None:
    if state.phase is not Phase.LOADING:
        return None
    if seen.loaded:
        told = "It answers" if state.step.shadow else f"{100 * state.share:.3g}% of the users have it"
        return Decision(Verb.WATCH, f"{told}.")
    return Decision(Verb.WAIT, "The recommender loads it.")


def _continued(state: State, seen: Observation, now: float) -> Decision | None:
    if state.phase is Phase.HELD and seen.answer:
        return Decision(Verb.RESUME, f"{seen.answer.who} said to go on.", state.asked, waived=True)
    return None


def _unexplained(state: State, seen: Observation, now: float) -> Decision | None:
    unknown = [each for each in seen.troubles if each.weight is Weight.ASKS and _is_new(state, each)]
    asked = frozenset(each.incident for each in unknown)
    if unknown and not (state.phase is Phase.HELD and asked <= state.asked):
        return Decision(Verb.HOLD, f"{_tell(unknown)} Is it the version?", asked | state.asked)
    return None


def _still_held(state: State, seen: Observation, now: float) -> Decision | None:
    """What was asked about waits for its answer, also when it is over, unless it is explained meanwhile."""
    if state.phase is not Phase.HELD:
        return None
    explained = {each.incident for each in seen.troubles if each.weight is not Weight.ASKS}
    return None if state.asked and state.asked <= explained else Decision(Verb.WAIT, state.reason)


def _disturbed(state: State, seen: Observation, now: float) -> Decision | None:
    pausing = [each for each in seen.troubles if _pauses(state, each)]
    told = [_tell(pausing)] if pausing else []
    told += [*seen.limits, *([seen.blind] if seen.blind else [])]
    if seen.live is None:
        told.append("The recommender does not answer.")
    if not told:
        return None
    return Decision(Verb.WAIT if state.phase is Phase.PAUSED else Verb.PAUSE, " ".join(told))


def _resumed(state: State, seen: Observation, now: float) -> Decision | None:
    return None if state.phase is Phase.WATCHING else Decision(Verb.RESUME, "It is over.")


def _mismatched(state: State, seen: Observation, now: float) -> Decision | None:
    if not seen.mismatch or state.waived:
        return None
    return Decision(Verb.HOLD, "The users do not come by the shares of the versions: something sorts them.")


def _enough(state: State, seen: Observation, now: float) -> Decision | None:
    if state.served < state.step.seconds:
        return None
    if lacking := _lacking(state, seen):
        tried = state.served > max(state.limits.undecided, state.step.seconds)
        return (
            Decision(Verb.HOLD, f"It cannot be told whether it is good enough: {lacking}.") if tried else None
        )
    if state.place + 1 < len(state.steps):
        return Decision(Verb.ADVANCE, _known(state, seen))
    return Decision(Verb.PUBLISH, _known(state, seen))


RULES: tuple[Rule, ...] = (
    _by_hand,
    _became_live,
    _cannot_load,
    _worse,
    _blamed,
    _too_long,
    _loads,
    _continued,
    _unexplained,
    _still_held,
    _disturbed,
    _resumed,
    _mismatched,
    _enough,
)


def _is_new(state: State, trouble: Trouble) -> bool:
    return trouble.incident not in state.known


def _began_later(state: State, trouble: Trouble) -> bool:
    """Whether it was not there before the release: the version may be the remedy of what was."""
    return _is_new(state, trouble) and (trouble.onset is None or trouble.onset >= state.begun - EARLIER)


def _counts_against(state: State, trouble: Trouble) -> bool:
    return trouble.weight is Weight.ROLLS_BACK and _began_later(state, trouble)


def _pauses(state: State, trouble: Trouble) -> bool:
    if trouble.weight is Weight.PAUSES:
        return True
    return trouble.weight is Weight.PAUSES_IF_NEW and _began_later(state, trouble)


def _tell(troubles: list[Trouble]) -> str:
    return " ".join(
        f"Incident {each.incident}, {each.domain}: {each.summary or each.cause}" for each in troubles
    )


def _lacking(state: State, seen: Observation) -> str:
    """What is not known yet of what the step needs; empty if all is."""
    if state.waived:
        return ""
    if not seen.labels:
        return "none of its answers is counted yet"
    if doubtful := [each.sentence for each in seen.compared if each.doubtful]:
        return "; ".join(doubtful)
    if loss := state.step.rules_out:
        quality = [each for each in seen.compared if each.is_quality]
        if not quality or not all(each.rules_out(loss) for each in quality):
            told = "; ".join(each.sentence for each in quality) or "nothing is counted"
            return f"a loss of {loss:.0%} is not ruled out ({told})"
    return ""


def _known(state: State, seen: Observation) -> str:
    if state.step.shadow:
        return f"It answered {seen.labels:.0f} requests in the shadow."
    told = "; ".join(each.sentence for each in seen.compared if each.is_quality)
    return f"Not worse at {100 * state.share:.3g}% of the users: {told or 'nothing speaks against it'}."


def _progress(state: State, seen: Observation) -> str:
    left = state.step.seconds - state.served
    return f"{left:.0f} s to go." if left > 0 else f"Waiting: {_lacking(state, seen)}."
