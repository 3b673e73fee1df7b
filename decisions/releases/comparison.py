"""The version beside the live one, in the same time: guards are shares of requests, the higher the better.

Steps are small: at 1% of 600 users six people have the version. Their spread cannot be told from six, but
that of the live version's users can. So the error of the difference is the one that it would have if the
version were as good: what the live version's requests and users vary by, for as many as the version has (a
score test's variance). It needs no group of users to have come twice, and holds from the first answers on.
"""

from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import NamedTuple

import numpy as np

from decisions.experiments.judgement import ENOUGH, Interval
from decisions.experiments.quantiles import Groups, ratio
from decisions.experiments.sequence import choose_scale, radius
from prometheus.quantities import wilson_interval

QUALITY = "hit rate"

CATASTROPHE, OUTAGE = 0.5, 0.1
"""The loss of hits that a step without one of its own is most sensitive to; that of every other guard."""

FEWEST = 10
"""Requests in the shadow from which something is said."""

TOLERATED = 0.01
"""The loss of answers, or of personal ones or those in time, that rolls nothing back; of hits none is."""


@dataclass(frozen=True)
class Counts:
    """Of a version: good requests and those that they are a share of, by group of users; users in all."""

    good: Groups
    requests: Groups
    users: float


@dataclass(frozen=True)
class Compared:
    """A guard of both versions, as shares of their requests, and the version's change by the live one's."""

    name: str
    live: float
    candidate: float
    requests: float
    """Of the version."""
    change: Interval
    error: float = inf
    """The standard error of the change."""

    @property
    def is_quality(self) -> bool:
        """Whether it is the guard of which a step rules out a loss."""
        return self.name == QUALITY

    @property
    def sentence(self) -> str:
        """Both values and the change with its interval."""
        change = self.change
        if not isfinite(change.low):
            return f"{self.name}: too few requests ({self.requests:.0f})"
        spread = f"{change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%})"
        shares = f"{self.candidate:.1%} against {self.live:.1%}"
        return f"{self.name} {shares}, {spread}, {self.requests:.0f} requests"

    @property
    def worse(self) -> bool:
        """Whether chance is excluded."""
        return self.change.high < (0 if self.is_quality else -TOLERATED)

    @property
    def doubtful(self) -> bool:
        """Whether more is lost than is tolerated, as far as can be seen, by more than a standard error: too
        little to call it worse, enough to wait. Of hits it is the loss to be ruled out that says so."""
        return not self.is_quality and self.change.value + self.error < -TOLERATED

    def rules_out(self, loss: float) -> bool:
        """Whether the version loses less than that share of what the live one has."""
        return self.change.low > -loss


class Difference(NamedTuple):
    """The version's share and the live one's, with the error of their difference as if both were equal."""

    own: float
    usual: float
    error: float
    freedom: float


def compare(name: str, live: Counts, candidate: Counts, level: float, loss: float | None = None) -> Compared:
    """The change between bounds: at all looks together each is wrong with probability `level` at most.

    One bound says that it is worse, the other what loss is ruled out: each is one-sided. The interval is
    narrowest for a change as large as `loss` (of hits); too few requests give one that excludes nothing.
    """
    found, requests = estimate(live, candidate), _sum(candidate.requests)
    if found is None:
        return Compared(name, nan, nan, requests, Interval(nan, -inf, inf))
    tuned = (loss or CATASTROPHE) if name == QUALITY else OUTAGE
    scale = choose_scale(tuned * found.usual, 2 * level)
    half = float(radius(found.error, scale, 2 * level, found.freedom))
    interval = change(found, half)
    return Compared(name, found.usual, found.own, requests, interval, found.error / found.usual)


def by_itself(name: str, good: float, bad: float, *, lasts: bool = True) -> Compared:
    """A guard of a version that answers in the shadow, held against all requests; Wilson's interval.

    What is bad and does not last, such as features that are still being written, is never called worse.
    """
    requests = good + bad
    if requests < FEWEST:
        return Compared(name, 1.0, nan, requests, Interval(nan, -inf, inf))
    own = good / requests
    low, high = wilson_interval(round(good), round(requests))
    error = float(np.sqrt(own * (1 - own) / requests))
    return Compared(name, 1.0, own, requests, Interval(own - 1, low - 1, high - 1 if lasts else 0.0), error)


def change(of: Difference, half: float) -> Interval:
    """An interval of the difference, `half` to each side, as a change by what is usual."""
    value = of.own - of.usual
    return Interval(*(bound / of.usual for bound in (value, value - half, value + half)))


def estimate(live: Counts, candidate: Counts) -> Difference | None:
    """None with too few requests.

    Of the version's requests the larger variance of the two counts, with one good and one bad request more:
    a version without a single good request is not surely so.
    """
    control = ratio(live.good, live.requests, events=True)
    requests, usual = _sum(candidate.requests), float(control.value)
    if requests <= 0 or _sum(live.requests) < ENOUGH or not usual > 0:
        return None
    own = _sum(candidate.good)
    likely = (own + 1) / (requests + 2)
    of_requests = max(usual * (1 - usual), likely * (1 - likely)) / requests
    counted = live.users and candidate.users
    times = live.users / candidate.users if counted else _sum(live.requests) / requests
    of_users = float(control.lasting) ** 2 * times
    error = float(np.hypot(control.error, np.sqrt(of_requests + of_users)))
    return Difference(own / requests, usual, error, float(control.freedom))


def _sum(groups: Groups) -> float:
    return sum(groups.values())
