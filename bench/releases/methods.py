"""Ways to release, each until the version is live or rolled back, on the same users."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from bench.releases.crowd import TICK, Crowd, Scene
from config.releases import Release
from decisions.releases.comparison import QUALITY, Compared, Counts, by_itself, change, compare, estimate
from decisions.releases.machine import Verb, step
from decisions.releases.observation import Observation, Trouble, Weight
from decisions.releases.plan import limit, part, plan
from decisions.releases.state import Phase, State, begin

ALERTED, RESOLVED = 60.0, 90.0
"""Seconds from trouble to its verdict, and from its end to the end of the incident."""

SHADOWED, LOADS = 15.0, 10.0
"""Seconds until a version answers in the shadow, and from then on until it answers users."""

SHADOW = 0.1
"""Of the requests, as in whence.yaml."""

ALPHA = 0.05
LONGEST = 3_600.0

Judge = Callable[[str, Counts, Counts, State], Compared]


class Outcome(NamedTuple):
    """What became of a version, after how many seconds, and how large a share of the users ever saw it."""

    phase: Phase
    seconds: float
    saw: float


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


def release(scene: Scene, judge: Judge, rng: np.random.Generator) -> Outcome:
    """The controller's state machine with observations of simulated users; a question ends it."""
    config = Release()
    crowd = Crowd(scene, rng)
    state = begin("new", "live", plan(config, SHADOW), limit(config), frozenset(), 0.0)
    while not state.over and state.phase is not Phase.HELD and crowd.now < LONGEST:
        loaded = crowd.now - state.since >= (SHADOWED if state.step.shadow else LOADS)
        answers = loaded or state.phase is not Phase.LOADING
        crowd.tick(state.share if answers else 0.0)
        seen = _look(crowd, scene, state, judge) if answers else Observation("live", loaded=False)
        state, decision = step(state, seen, crowd.now)
        if decision.verb is Verb.PUBLISH:
            state, _ = step(state, Observation("new"), crowd.now)
    return _end(crowd, state.phase)


def _end(crowd: Crowd, phase: Phase) -> Outcome:
    saw = 1.0 if phase is Phase.LIVE else float(crowd.saw.mean())
    return Outcome(phase, crowd.now, saw)


def _look(crowd: Crowd, scene: Scene, state: State, judge: Judge) -> Observation:
    troubles = _troubles(crowd.now, scene)
    if state.step.shadow:
        tries = SHADOW * scene.rate * TICK
        answered = by_itself("answered", tries * (1 - scene.failing), tries * scene.failing)
        return Observation("live", compared=(answered,), labels=tries, troubles=troubles)
    hits, answers = crowd.count(state.window)
    return Observation(
        "live",
        compared=(judge(QUALITY, *hits, state), judge("answered", *answers, state)),
        labels=sum(hits[1].requests.values()),
        troubles=troubles,
    )


def _troubles(now: float, scene: Scene) -> tuple[Trouble, ...]:
    if not scene.slow or not scene.slow[0] + ALERTED <= now < scene.slow[1] + RESOLVED:
        return ()
    return (Trouble(1, Weight.PAUSES, "infrastructure", "storage-latency", "", scene.slow[0]),)


INTERVAL, FAILED, CHECKS = 60.0, 0.01, 5
"""Flagger's rule as its documentation has it: each minute 99% of the version's requests have to succeed, and
99% to take at most 500 ms; after so many failed checks it is rolled back. https://docs.flagger.app/usage/metrics"""


def by_thresholds(scene: Scene, rng: np.random.Generator) -> Outcome:
    """By the same steps. While storage is slow answers wait 250 ms for it, which is within that limit."""
    crowd = Crowd(scene, rng)
    shares = [step.share for step in Release().steps]
    place, bad = 0, 0
    while crowd.now < LONGEST:
        for _ in range(int(INTERVAL / TICK)):
            crowd.tick(shares[place])
        if crowd.failed_share(1, int(INTERVAL / TICK)) > FAILED:
            bad += 1
            if bad == CHECKS:
                return _end(crowd, Phase.ROLLED_BACK)
        elif place + 1 < len(shares):
            place += 1
        else:
            return _end(crowd, Phase.LIVE)
    return _end(crowd, Phase.WATCHING)
