"""Ways to release, each until the version is live or rolled back, on the same users."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from bench.releases.crowd import TICK, Crowd, Scene
from config.releases import Release
from decisions.releases.comparison import QUALITY, Compared, Counts, change, compare, estimate
from decisions.releases.machine import step
from decisions.releases.observation import Observation, Trouble, Weight
from decisions.releases.plan import limit, part, plan
from decisions.releases.state import Phase, State, begin

ALERTED, RESOLVED = 60.0, 90.0
"""Seconds from trouble to its verdict, and from its end to the end of the incident."""

LOADS = 30.0
"""Seconds until a version answers."""

ALPHA = 0.05
LONGEST = 3_600.0

Judge = Callable[[str, Counts, Counts, State], Compared]


class Outcome(NamedTuple):
    """What became of a version: whether it went live or was rolled back (neither: it still waited), when, how
    large a share of the users ever saw it, and for how long its release was paused."""

    live: bool
    rolled_back: bool
    seconds: float
    saw: float
    paused: float
    place: int = 0


def by_sequence(name: str, live: Counts, candidate: Counts, state: State) -> Compared:
    """As `make release` does."""
    return compare(name, live, candidate, state.level * part(name), state.step.rules_out)


def by_peeking(name: str, live: Counts, candidate: Counts, state: State) -> Compared:
    """Student's interval for one look, looked at each time."""
    found = estimate(live, candidate)
    if found is None:
        return compare(name, live, candidate, ALPHA)
    half = float(stdtrit(found.freedom, 1 - ALPHA / 2)) * found.error
    requests = sum(candidate.requests.values())
    return Compared(name, found.usual, found.own, requests, change(found, half), found.error / found.usual)


def release(scene: Scene, judge: Judge, rng: np.random.Generator, config: Release | None = None) -> Outcome:
    """The controller's state machine with observations of simulated users."""
    config = config or Release()
    crowd = Crowd(scene, rng)
    state = begin("new", "live", plan(config), limit(config), frozenset(), 0.0)
    paused = 0.0
    while not state.over and crowd.now < LONGEST:
        loaded = crowd.now >= LOADS
        crowd.tick(state.share if loaded else 0.0)
        state, decision = step(state, _look(crowd, scene, state, judge, loaded), crowd.now)
        paused += TICK * (state.phase is Phase.PAUSED)
        if decision.verb == "publish":
            state, _ = step(state, Observation("new"), crowd.now)
    saw = 1.0 if state.phase is Phase.LIVE else float(crowd.saw.mean())
    return Outcome(
        state.phase is Phase.LIVE, state.phase is Phase.ROLLED_BACK, crowd.now, saw, paused, state.place
    )


def _look(crowd: Crowd, scene: Scene, state: State, judge: Judge, loaded: bool) -> Observation:
    hits, answers = crowd.count(state.window)
    return Observation(
        "live",
        loaded,
        compared=(judge(QUALITY, *hits, state), judge("answered", *answers, state)),
        labels=sum(hits[1].requests.values()),
        troubles=_troubles(crowd.now, scene),
    )


def _troubles(now: float, scene: Scene) -> tuple[Trouble, ...]:
    if not scene.slow or not scene.slow[0] + ALERTED <= now < scene.slow[1] + RESOLVED:
        return ()
    return (Trouble(1, Weight.PAUSES, "infrastructure", "storage-latency", "", scene.slow[0]),)


@dataclass(frozen=True)
class Thresholds:
    """Flagger's rule, as its documentation has it: each minute the version's success rate and 99th percentile
    are held to thresholds; after so many failed checks it is rolled back.

    https://docs.flagger.app/usage/how-it-works
    """

    failed: float = 0.01
    checks: int = 5
    interval: float = 60.0


def by_thresholds(scene: Scene, rng: np.random.Generator, rule: Thresholds | None = None) -> Outcome:
    """The same steps. Storage that is slow keeps answers within Flagger's 500 ms: they wait 250 ms."""
    rule = rule or Thresholds()
    crowd = Crowd(scene, rng)
    shares = [step.share for step in Release().steps]
    place, bad = 0, 0
    while crowd.now < LONGEST:
        for _ in range(int(rule.interval / TICK)):
            crowd.tick(shares[place])
        if crowd.failed_share(1, int(rule.interval / TICK)) > rule.failed:
            bad += 1
            if bad == rule.checks:
                return Outcome(False, True, crowd.now, float(crowd.saw.mean()), 0.0)
        elif place + 1 < len(shares):
            place += 1
        else:
            return Outcome(True, False, crowd.now, 1.0, 0.0)
    return Outcome(False, False, crowd.now, float(crowd.saw.mean()), 0.0)
