"""Ways to call a difference, each told at which look it first does."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from bench.experiments.days import Day
from decisions.experiments.estimates import Estimate
from decisions.experiments.sequence import Numbers, choose_scale, radius

ALPHA = 0.05
Z = 1.959964

Pair = tuple[Estimate, Estimate]
Measure = Callable[[Day], Pair]


class Called(NamedTuple):
    """The first look (0 the first) at which each way calls a difference; None if it never does."""

    sequence: int | None
    once: int | None
    peeking: int | None


def call(pair: Pair, minimum_effect: float) -> Called:
    """By the sequence at each look, and by Student's interval of a fixed number of users, which is looked at
    once at the end, and at each look. All have the same estimates and errors."""
    control, treatment = pair
    change = treatment.log().minus(control.log())
    size = np.abs(change.value)
    with np.errstate(invalid="ignore"):
        half = radius(change.error, choose_scale(np.log1p(minimum_effect), ALPHA), ALPHA, change.freedom)
        fixed = stdtrit(np.maximum(change.freedom, 1), 1 - ALPHA / 2) * change.error
        return Called(_first(size > half), *_fixed(size > fixed))


class CalledByRequests(NamedTuple):
    """The same of the two-proportion z-test, which takes each request for a user of its own."""

    once: int | None
    peeking: int | None


def call_by_requests(hits: Numbers, requests: Numbers) -> CalledByRequests:
    """Fleiss, Levin and Paik, 2003, section 3.1; a row for each look, a column for each variant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = hits.sum(1) / requests.sum(1)
        error = np.sqrt(pooled * (1 - pooled) * (1 / requests).sum(1))
        return CalledByRequests(*_fixed(np.abs(np.diff(hits / requests)[:, 0]) > Z * error))


def _fixed(significant: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int | None, int | None]:
    last = len(significant) - 1
    return (last if significant[last] else None), _first(significant)


def _first(true: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    return int(true.argmax()) if true.any() else None
