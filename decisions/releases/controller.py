"""The loop around the state machine: look, decide, act, write down; killed anywhere, the next one goes on.

The state is written before a share grows and after a version lost its users, and at each look the flag is
made what the state says. So a controller that died in between leaves a share that is at most the state's.
The flag has a lease: without a controller the users go back to the live version by themselves.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Protocol

from decisions.audit import Action
from decisions.releases.machine import Decision, Verb, published, step
from decisions.releases.observation import Observation
from decisions.releases.state import Phase, State
from decisions.releases.state_file import StateFile

INTERVAL = 5.0
"""Seconds between looks."""

RECORDED: Mapping[Verb, Action] = {
    Verb.ADVANCE: "release.advanced",
    Verb.PAUSE: "release.paused",
    Verb.RESUME: "release.resumed",
    Verb.HOLD: "release.held",
    Verb.ROLL_BACK: "release.rolled_back",
    Verb.LIVE: "release.live",
}


class World(Protocol):
    """What a controller sees and does. Only `look` may take long, and it raises nothing."""

    def look(self, state: State, now: float) -> Observation:
        """What there is to see of a release."""

    def give(self, state: State, until: float) -> None:
        """Give the version its share of the users until a moment, in Unix seconds."""

    def take_back(self, state: State) -> None:
        """Give all users the live version; a flag of somebody else is left alone. Needs no storage."""

    def publish(self, version: str) -> str:
        """Make it live; what keeps it from that, or nothing."""

    def forget_answer(self) -> None:
        """The answer of a person has been heeded."""

    def record(self, what: Action, before: State, after: State, evidence: Any) -> None:
        """Write a decision into the audit trail."""


class Controller:
    """Takes one release from where it is to its end; `lease` and times are in seconds."""

    def __init__(
        self,
        world: World,
        file: StateFile,
        lease: float,
        say: Callable[[State, Decision], None],
        clock: Callable[[], float],
    ) -> None:
        self._world = world
        self._file = file
        self._lease = lease
        self._say = say
        self._clock = clock

    def run(self, state: State, wait: Callable[[float], bool]) -> State:
        """Look until it is over, or until `wait`, which gets the seconds between looks, says to end; the last
        state. What the flag may have kept of a release that is over goes, too."""
        while not state.over:
            state = self.look(state)
            if not state.over and wait(INTERVAL):
                return state
        self._world.take_back(state)
        return state

    def look(self, state: State) -> State:
        """One look."""
        now = self._clock()
        seen = self._world.look(state, now)
        after, decision = step(state, seen, now)
        if after.phase is Phase.ROLLED_BACK:
            after = self._take_back(after)
        self._keep(state, after, decision, seen)
        if not after.over:
            self._world.give(after, self._clock() + self._lease)
        if decision.verb is Verb.PUBLISH:
            problem = self._world.publish(after.version)
            before, (after, decision) = after, published(after, problem, self._clock())
            self._keep(before, after, decision, seen)
        if seen.answer:
            self._world.forget_answer()
        self._say(after, decision)
        return after

    def _take_back(self, state: State) -> State:
        """Give all users the former version at once; name it live again where it may not be."""
        self._world.take_back(state)
        problem = self._world.publish(state.former) if state.published else ""
        told = f"{state.reason} But {state.version} may be named live: {problem}" if problem else state.reason
        return state.model_copy(update={"reason": told})

    def _keep(self, before: State, after: State, decision: Decision, seen: Observation) -> None:
        if what := RECORDED.get(decision.verb):
            self._world.record(what, before, after, tell(seen))
        self._file.write(after)


def tell(seen: Observation) -> dict[str, Any]:
    """An observation as small JSON values, for the audit trail; what is not known is null."""
    compared = {
        each.name: {
            "live": _round(each.live, 5),
            "candidate": _round(each.candidate, 5),
            "change": [_round(bound, 4) for bound in (each.change.value, each.change.low, each.change.high)],
            "requests": round(each.requests),
        }
        for each in seen.compared
    }
    troubles = [
        {"incident": each.incident, "domain": each.domain, "cause": each.cause} for each in seen.troubles[:10]
    ]
    told = {
        "compared": compared,
        "labels": round(seen.labels),
        "troubles": troubles,
        "limits": list(seen.limits),
        "mismatch": seen.mismatch,
        "blind": seen.blind,
        "problem": seen.problem[:300],
    }
    return {name: value for name, value in told.items() if value}


def _round(value: float, digits: int) -> float | None:
    return round(value, digits) if isfinite(value) else None
