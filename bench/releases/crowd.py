"""Simulated users of two versions, as counters show them to a controller that looks each 5 seconds.

who comes: Poisson by user ──▶ which version: the user's place and the share ──▶ a hit or not
                                                          │ label 15 s later, in the counters 10 s later
                                                          ▼
                                      sums by version and group since the window began

Users are those of `bench.experiments.days`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.experiments.days import ACTIVITY_SPREAD, HIT_RATE, HIT_SPREAD
from decisions.releases.comparison import Counts
from services.assignment import GROUPS

TICK = 5.0
"""Seconds between looks."""

LATE = 5
"""Ticks from an answer to its label in the counters: an attribution window of 15 s, and two exports."""

POPULAR = 0.4
"""What is left of the hit rate when storage is away: all get the popular list, whatever their version."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What happens: the version's relative effect on hits, the share of its requests that fail, and from when
    to when (seconds) which share of all requests gets no features from storage."""

    effect: float = 0.0
    failing: float = 0.0
    slow: tuple[float, float] | None = None
    lost: float = 0.9
    users: int = 600
    rate: float = 20.0


FAILED, MISSED, HIT = 0, 1, 2
"""What becomes of a request."""

NAMES = [f"{group:02d}" for group in range(GROUPS)]


class Crowd:
    """The users and what the counters say of them; `tick` is called every `TICK` seconds."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self._scene, self._rng = scene, rng
        activity = rng.lognormal(0, ACTIVITY_SPREAD, scene.users)
        self._reach = activity.cumsum() / activity.cumsum()[-1]
        size = HIT_RATE * (1 - HIT_RATE) / HIT_SPREAD**2 - 1
        likely = rng.beta(HIT_RATE * size, (1 - HIT_RATE) * size, scene.users)
        self._likely = np.stack([likely, np.minimum(likely * (1 + scene.effect), 1)])
        self._group = rng.integers(0, GROUPS, scene.users)
        self._place = rng.random(scene.users)
        self._counted = [np.zeros((3, 2 * GROUPS))]
        self.saw = np.zeros(scene.users, bool)
        """Users who ever got an answer of the version."""
        self._assign(0.0)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return (len(self._counted) - 1) * TICK

    def is_slow(self, now: float) -> bool:
        """Whether storage is in trouble."""
        return bool(self._scene.slow and self._scene.slow[0] <= now < self._scene.slow[1])

    def tick(self, share: float) -> None:
        """Let the users come; the recommender follows the flag's `share` (0–1) a tick later."""
        scene, rng = self._scene, self._rng
        requests = rng.poisson(scene.rate * TICK)
        luck = rng.random((3, requests))
        user = self._reach.searchsorted(luck[0])
        version = self._version[user]
        self._seen[version, user] = True
        self.saw[user[version == 1]] = True
        likely = self._likely[version, user]
        if self.is_slow(self.now):
            likely = (1 - scene.lost) * likely + scene.lost * POPULAR * self._likely[0, user]
        outcome = np.where(luck[2] < likely, HIT, MISSED)
        outcome[luck[1] < scene.failing * version] = FAILED
        key = self._group[user] + GROUPS * (version + 2 * outcome)
        self._counted.append(self._counted[-1] + np.bincount(key, minlength=6 * GROUPS).reshape(3, -1))
        if share != self._share:
            self._assign(share)

    def _assign(self, share: float) -> None:
        self._share = share
        self._version = (self._place >= 1 - share).astype(int)
        self._seen = np.zeros((2, len(self._place)), bool)

    def count(self, since: float) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
        """Hits and answered requests since a moment, each of the live version, then of the other."""
        last = len(self._counted) - 1
        first = min(int(np.ceil(since / TICK)), last)
        answers = self._counted[last] - self._counted[first]
        labels = self._counted[max(last - LATE, 0)] - self._counted[max(first - LATE, 0)]
        users = self._seen.sum(1)
        return (
            _by_version(labels[HIT], labels[MISSED] + labels[HIT], users),
            _by_version(answers[MISSED] + answers[HIT], answers.sum(0), users),
        )

    def failed_share(self, version: int, ticks: int) -> float:
        """Of the last ticks' requests of a version; 0 without any."""
        recent = self._counted[-1] - self._counted[max(len(self._counted) - 1 - ticks, 0)]
        outcomes = recent.reshape(3, 2, GROUPS)[:, version].sum(1)
        return float(outcomes[FAILED] / outcomes.sum()) if outcomes.any() else 0.0


def _by_version(good: Array, requests: Array, users: NDArray[np.int_]) -> tuple[Counts, Counts]:
    live, candidate = (
        Counts(
            dict(zip(NAMES, own, strict=True)),
            {name: n for name, n in zip(NAMES, of, strict=True) if n},
            float(seen),
        )
        for own, of, seen in zip(
            good.reshape(2, -1).tolist(), requests.reshape(2, -1).tolist(), users, strict=True
        )
    )
    return live, candidate
