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


class Crowd:
    """The users and what the counters say of them; `tick` is called every `TICK` seconds."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self._scene, self._rng = scene, rng
        activity = rng.lognormal(0, ACTIVITY_SPREAD, scene.users)
        self._rates = scene.rate * TICK * activity / activity.sum()
        size = HIT_RATE * (1 - HIT_RATE) / HIT_SPREAD**2 - 1
        self._likely = rng.beta(HIT_RATE * size, (1 - HIT_RATE) * size, scene.users)
        self._group = rng.integers(0, GROUPS, scene.users)
        self._place = rng.random(scene.users)
        self._share = 0.0
        self._seen = np.zeros((2, scene.users), bool)
        self._counted = [np.zeros((4, 2 * GROUPS))]
        self.saw = np.zeros(scene.users, bool)
        """Users who ever got an answer of the version."""

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
        treated = self._place >= 1 - self._share
        requests = rng.poisson(self._rates)
        self.saw |= treated & (requests > 0)
        self._seen |= np.stack([~treated, treated]) & (requests > 0)
        likely = np.where(treated, np.minimum(self._likely * (1 + scene.effect), 1), self._likely)
        if self.is_slow(self.now):
            likely = (1 - scene.lost) * likely + scene.lost * POPULAR * self._likely
        failed = rng.binomial(requests, np.where(treated, scene.failing, 0.0))
        answered = requests - failed
        hits = rng.binomial(answered, likely)
        key = self._group + GROUPS * treated
        sums = [np.bincount(key, each, 2 * GROUPS) for each in (requests, answered, answered, hits)]
        self._counted.append(self._counted[-1] + np.stack(sums))
        if share != self._share:
            self._share, self._seen = share, np.zeros_like(self._seen)

    def count(self, since: float) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
        """Hits and answered requests since a moment, each of the live version, then of the other."""
        last = len(self._counted) - 1
        first = min(int(np.ceil(since / TICK)), last)
        whole = self._counted[last] - self._counted[first]
        labels = self._counted[max(last - LATE, 0)] - self._counted[max(first - LATE, 0)]
        users = self._seen.sum(1)
        hits = tuple(_of(labels[3], labels[2], version, users) for version in (0, 1))
        answers = tuple(_of(whole[1], whole[0], version, users) for version in (0, 1))
        return (hits[0], hits[1]), (answers[0], answers[1])

    def failed_share(self, version: int, ticks: int) -> float:
        """Of the last ticks' requests of a version; 0 without any."""
        recent = self._counted[-1] - self._counted[max(len(self._counted) - 1 - ticks, 0)]
        requests, answered = (recent[row].reshape(2, GROUPS).sum(1)[version] for row in (0, 1))
        return float(1 - answered / requests) if requests else 0.0


def _of(good: Array, requests: Array, version: int, users: NDArray[np.int_]) -> Counts:
    part = slice(GROUPS * version, GROUPS * (version + 1))
    named = [f"{group:02d}" for group in range(GROUPS)]
    counted = {group: n for group, n in zip(named, requests[part].tolist(), strict=True) if n}
    return Counts(
        {group: n for group, n in zip(named, good[part].tolist(), strict=True) if group in counted},
        counted,
        float(users[version]),
    )
