"""A release as lines of text."""

import time
from collections.abc import Iterator

from decisions.releases.machine import Decision, Verb
from decisions.releases.state import Phase, State, Step
from prometheus.quantities import write_duration

HOW_TO_ANSWER = "`make release-continue` goes on, `make rollback` ends it"

SAID = {
    Verb.WATCH: "begins",
    Verb.ADVANCE: "advances",
    Verb.PAUSE: "pauses",
    Verb.RESUME: "resumes",
    Verb.HOLD: "ASKS",
    Verb.ROLL_BACK: "ROLLED BACK",
    Verb.LIVE: "LIVE",
}


def describe(state: State, now: float) -> str:
    """Where a release is, at a time in Unix seconds."""
    return "\n".join([_head(state, now), *_steps(state), *_what_next(state)])


def tell(state: State, decision: Decision, now: float) -> str:
    """A decision with its time, the share after it and its reason; empty for one that changes nothing."""
    if decision.verb not in SAID:
        return ""
    share = f" {write_step(state.step)}" if not state.over else ""
    return f"{_write_time(now)}  {SAID[decision.verb]}{share}: {state.reason}" + (
        f"\n          {HOW_TO_ANSWER}." if decision.verb is Verb.HOLD else ""
    )


def write_share(share: float) -> str:
    """A share of the users."""
    return f"{100 * share:.3g}%"


def write_step(step: Step) -> str:
    """Where a release is."""
    return "in the shadow" if step.shadow else f"at {write_share(step.share)}"


def _head(state: State, now: float) -> str:
    took = write_duration((state.since if state.over else now) - state.begun)
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(state.begun))
    return f"{state.version} in place of {state.former}: {state.phase.value}, {took} since {since}"


def _steps(state: State) -> Iterator[str]:
    for place, step in enumerate(state.steps):
        passed = place < state.place or state.phase is Phase.LIVE
        here = place == state.place and not passed
        sign = "✓" if passed else "✗" if here and state.over else "▶" if here else " "
        name = "shadow" if step.shadow else write_share(step.share)
        yield f"  {sign} {name:>6}  {_needs(step)}{_spent(state) if here else ''}"


def _needs(step: Step) -> str:
    ruled = f", rules out a loss of {step.rules_out:.0%}" if step.rules_out else ""
    return f"at least {write_duration(step.seconds)}{ruled}"


def _spent(state: State) -> str:
    return "" if state.over else f"; {write_duration(state.served)} so far"


def _what_next(state: State) -> Iterator[str]:
    if state.reason:
        yield f"  {state.reason}"
    if state.phase is Phase.HELD:
        yield f"  {HOW_TO_ANSWER}."


def _write_time(now: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(now))
