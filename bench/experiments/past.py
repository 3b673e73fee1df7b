"""What the users' own past is worth: the error of a difference with CUPED beside the one without."""

from statistics import median
from typing import NamedTuple

import numpy as np

from bench.experiments.days import ACTIVITY_SPREAD, HIT_RATE, HIT_SPREAD
from bench.experiments.methods import ALPHA
from decisions.experiments.cuped import Products, adjust
from decisions.experiments.estimates import Estimate, mean_of_values
from decisions.experiments.sequence import Numbers, choose_scale, radius

VISITS = 40
"""Requests of a user in a day, on average."""

HOURS = 24
REFERENCE = 0.02
"""The smallest difference that matters, of a hit rate."""


class Gain(NamedTuple):
    """Of many simulations: the variance that is left, and in how many each way called a difference."""

    days: str
    left: float
    called: int
    called_without: int
    of: int


def measure_gain(users: int, effect: float, days: float, simulations: int, seed: int) -> Gain:
    """Simulate experiments of a day on users with so many days of past; looks once an hour.

    The metric of a user is the share of its requests that were hits: each user counts once.
    """
    rng = np.random.default_rng(seed)
    left, called, without = [], 0, 0
    for _ in range(simulations):
        plain, adjusted = _simulate(users, effect, days, rng)
        left.append(float((adjusted[-1].error / plain[-1].error) ** 2))
        called += _calls(adjusted)
        without += _calls(plain)
    return Gain(f"{days:g}", median(left), called, without, simulations)


def _simulate(
    users: int, effect: float, days: float, rng: np.random.Generator
) -> tuple[list[Estimate], list[Estimate]]:
    """The difference at each look, plain and adjusted."""
    size = HIT_RATE * (1 - HIT_RATE) / HIT_SPREAD**2 - 1
    likely = rng.beta(HIT_RATE * size, (1 - HIT_RATE) * size, users)
    activity = rng.lognormal(-(ACTIVITY_SPREAD**2) / 2, ACTIVITY_SPREAD, users)
    visits = rng.poisson(VISITS * days * activity)
    past = np.where(visits > 0, rng.binomial(visits, likely) / np.maximum(visits, 1), HIT_RATE)
    treated = rng.random(users) < 0.5
    now = np.where(treated, np.minimum(likely * (1 + effect), 1.0), likely)
    plain, adjusted = [], []
    requests, hits = np.zeros(users), np.zeros(users)
    for _ in range(HOURS):
        more = rng.poisson(VISITS / HOURS * activity)
        requests, hits = requests + more, hits + rng.binomial(more, now)
        came = requests > 0
        metric = hits[came] / requests[came]
        sums = [_sum(past[came], metric, treated[came] == variant) for variant in (False, True)]
        found = adjust({"control": sums[0], "treatment": sums[1]})
        adjusted.append(found["treatment"].minus(found["control"]))
        control, treatment = (mean_of_values(each.users, each.y, each.yy) for each in sums)
        plain.append(treatment.minus(control))
    return plain, adjusted


def _sum(x: Numbers, y: Numbers, of: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Products:
    x, y = x[of], y[of]
    return Products(len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())


def _calls(looks: list[Estimate]) -> bool:
    scale = choose_scale(REFERENCE * HIT_RATE, ALPHA)
    return any(abs(each.value) > radius(each.error, scale, ALPHA, each.freedom) for each in looks)
