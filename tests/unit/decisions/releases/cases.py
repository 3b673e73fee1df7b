"""Releases as tests need them: a state in the middle, looks at which nothing is wrong, and a look's parts."""

from dataclasses import replace
from typing import Any

from config.releases import Release
from decisions.experiments.judgement import Interval
from decisions.releases.comparison import QUALITY, Compared
from decisions.releases.observation import Observation, Trouble, Weight
from decisions.releases.plan import limit, plan
from decisions.releases.state import Phase, State, begin

LIVE, NEW = "als32-aaaaaa", "als16-bbbbbb"
BEGUN = 1_000_000.0


def begun(**changes: Any) -> State:
    """A release without a shadow."""
    steps = plan(Release(), 0.1)[1:]
    return begin(NEW, LIVE, steps, limit(Release()), frozenset({7}), BEGUN).model_copy(update=changes)


def shadowed(**changes: Any) -> State:
    """One that begins in the shadow."""
    steps = plan(Release(), 0.1)
    return begin(NEW, LIVE, steps, limit(Release()), frozenset(), BEGUN).model_copy(update=changes)


def watching(place: int = 1, served: float = 0.0, **changes: Any) -> State:
    """At one of the steps, looked at a moment ago."""
    now = BEGUN + 600
    usual = {"phase": Phase.WATCHING, "since": now, "looked": now, "window": now - 300}
    return begun(place=place, served=served, windows=place + 1, **usual | changes)


def guard(change: float = 0.0, spread: float = 0.1, name: str = QUALITY, error: float = 0.03) -> Compared:
    return Compared(
        name, 0.6, 0.6 * (1 + change), 500, Interval(change, change - spread, change + spread), error
    )


QUIET = Observation(LIVE, compared=(guard(),), labels=500.0)
"""Nothing is wrong, and a loss of a tenth is ruled out."""


def seen(**changes: Any) -> Observation:
    return replace(QUIET, **changes)


def trouble(weight: Weight, incident: int = 8, onset: float | None = None) -> Trouble:
    domains = {Weight.PAUSES: "infrastructure", Weight.ROLLS_BACK: "model", Weight.ASKS: "unknown"}
    return Trouble(
        incident, weight, domains.get(weight, "no verdict yet"), "some-cause", "Something happened.", onset
    )
