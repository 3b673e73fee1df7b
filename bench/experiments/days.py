"""A day of an experiment, as counters have it at each look: sums of each group of users since the start.

    users: how often each comes, how likely each clicks, how long each waits ──► split by variant and group
    a group's minute: its requests are Poisson, and so are its hits: exactly what its users make together

What users have in common is as in the demo: hit rates of .63, which differ between users by .2, so that
requests of one user are alike (intraclass correlation .17).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from decisions.experiments.estimates import Estimate, around, quantile_of_shares, ratio_of_sums
from decisions.experiments.sequence import Numbers
from services.assignment import GROUPS

LOOKS = 1_440
"""One each minute of a day."""

PER_LOOK = 20 * 60
"""Requests in a minute at 20 a second."""

HIT_RATE, HIT_SPREAD = 0.63, 0.2
ACTIVITY_SPREAD = 0.8
"""Of the logarithm of how often users come."""

SECONDS, SECONDS_SPREAD, USERS_SPREAD = 0.05, 0.5, 0.15
"""The median answer, and the spreads of its logarithm within a user and between users."""

EDGES = np.geomspace(SECONDS * 1.5, SECONDS * 3.5, 14)
"""Bounds of the histogram's buckets around the 95th percentile, 7% apart, as an exponential histogram has
them at that resolution."""


@dataclass(frozen=True)
class Population:
    """Users, and the share of them that gets the treatment.

    They come all day, or each for `stay` looks on end.
    """

    users: int
    share: float = 0.5
    stay: int = 0


class Day:
    """One simulated day; `effect` is the relative change that the treatment makes."""

    def __init__(self, population: Population, effect: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._effect = effect
        users = population.users
        activity = rng.lognormal(0, ACTIVITY_SPREAD, users)
        self._rates = PER_LOOK * activity / activity.sum()
        self._treated = rng.random(users) < population.share
        self._group = rng.integers(0, GROUPS, users) + GROUPS * self._treated
        self._stay = population.stay
        self._first = rng.integers(-population.stay, LOOKS, users) if population.stay else None

    @cached_property
    def counted(self) -> tuple[Numbers, Numbers]:
        """Hits and requests until each look (rows) by group (columns), those of the control first."""
        likely = self._draw_likely()
        hits = self._count(self._rates * likely)
        return hits, hits + self._count(self._rates * (1 - likely))

    def conversions(self) -> tuple[Estimate, Estimate]:
        """The hit rates of control and treatment at each look."""
        hits, requests = self.counted
        return _split(requests, hits, events=True)

    def totals(self) -> tuple[Numbers, Numbers]:
        """Hits and requests at each look (rows) by variant (columns): what counters without groups know."""
        hits, requests = (of.reshape(LOOKS, 2, GROUPS).sum(-1) for of in self.counted)
        return hits, requests

    def means(self) -> tuple[Estimate, Estimate]:
        """The mean seconds of an answer, of control and treatment at each look.

        A group's sum has the mean and variance of its users' mixture, with a gamma distribution.
        """
        scale = self._draw_seconds() * np.exp(SECONDS_SPREAD**2 / 2)
        square = scale**2 * np.exp(SECONDS_SPREAD**2)
        whole = self._sum(self._rates)
        mean, second = (self._sum(self._rates * of) / np.maximum(whole, 1e-12) for of in (scale, square))
        requests = self._rng.poisson(whole, (LOOKS, len(whole)))
        spread = np.maximum(second - mean**2, 1e-12)
        shape = requests * mean**2 / spread
        seconds = self._rng.gamma(np.maximum(shape, 1e-12)) * (spread / np.maximum(mean, 1e-12))
        return _split(requests.cumsum(0).astype(float), np.where(requests > 0, seconds, 0.0).cumsum(0))

    def quantiles(self, quantile: float = 0.95) -> tuple[Estimate, Estimate]:
        """That quantile of the seconds of an answer, of control and treatment at each look."""
        seconds = self._draw_seconds()
        below = ndtr(np.log(EDGES / seconds[:, None]) / SECONDS_SPREAD)
        parts = np.diff(below, axis=1, prepend=0.0, append=1.0)
        expected = np.stack([self._sum(self._rates * part) for part in parts.T], axis=-1)
        counts = self._rng.poisson(expected, (LOOKS, *expected.shape)).cumsum(0).astype(float)
        control, treatment = counts[:, :GROUPS], counts[:, GROUPS:]
        return _quantile(control, quantile), _quantile(treatment, quantile)

    def _draw_likely(self) -> Numbers:
        size = HIT_RATE * (1 - HIT_RATE) / HIT_SPREAD**2 - 1
        likely = self._rng.beta(HIT_RATE * size, (1 - HIT_RATE) * size, len(self._rates))
        return np.where(self._treated, np.minimum(likely * (1 + self._effect), 1.0), likely)

    def _draw_seconds(self) -> Numbers:
        """The median of each user."""
        seconds = self._rng.lognormal(np.log(SECONDS), USERS_SPREAD, len(self._rates))
        return np.asarray(seconds * np.where(self._treated, 1 + self._effect, 1.0), float)

    def _sum(self, rates: Numbers) -> Numbers:
        summed: Numbers = np.bincount(self._group, rates, 2 * GROUPS).astype(float)
        return summed

    def _count(self, rates: Numbers) -> Numbers:
        return np.asarray(self._rng.poisson(self._expect(rates), (LOOKS, 2 * GROUPS)).cumsum(0), float)

    def _expect(self, rates: Numbers) -> Numbers:
        """What a group's users make in a minute; by look where they come and go."""
        if self._first is None:
            return self._sum(rates)
        changes = np.zeros((LOOKS + 1, 2 * GROUPS))
        np.add.at(changes, (np.maximum(self._first, 0), self._group), rates)
        np.subtract.at(changes, (np.minimum(self._first + self._stay, LOOKS), self._group), rates)
        present = self._stay / (LOOKS + self._stay)
        return np.asarray(np.maximum(changes[:-1].cumsum(0), 0.0) / present, float)


def _split(requests: Numbers, sums: Numbers, events: bool = False) -> tuple[Estimate, Estimate]:
    control = ratio_of_sums(sums[:, :GROUPS], requests[:, :GROUPS], events=events)
    return control, ratio_of_sums(sums[:, GROUPS:], requests[:, GROUPS:], events=events)


def _quantile(counts: Numbers, quantile: float) -> Estimate:
    """From counts by look, group and bucket."""
    reached = counts.cumsum(-1)
    whole = reached.sum(1)
    shares = whole / whole[:, -1:]
    edges = np.log(EDGES)

    def inverse(share: Numbers) -> Numbers:
        wanted = np.broadcast_to(share, len(shares))
        place = np.clip((shares < wanted[:, None]).sum(-1), 1, len(EDGES) - 1)
        rows = np.arange(len(shares))
        low, high = shares[rows, place - 1], shares[rows, place]
        part = np.clip((wanted - low) / np.maximum(high - low, 1e-12), 0, 1)
        found: Numbers = np.exp(edges[place - 1] + part * (edges[place] - edges[place - 1]))
        return found

    def below(value: Numbers) -> Estimate:
        place = np.clip(np.searchsorted(edges, np.log(value)), 1, len(EDGES) - 1)
        part = (np.log(value) - edges[place - 1]) / (edges[place] - edges[place - 1])
        rows = np.arange(len(shares))
        low, high = reached[rows, :, place - 1], reached[rows, :, place]
        return ratio_of_sums(low + part[:, None] * (high - low), reached[:, :, -1], events=True)

    value = inverse(np.array(quantile))
    share = below(value)
    return quantile_of_shares(share, value, *map(inverse, around(quantile, share)))
