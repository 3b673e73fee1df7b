"""Where counts changed: the stretch of a window that differs most from all that was before it.

It is a stretch because a trouble may be over before the window ends: Olshen and others, "Circular binary
segmentation", Biostatistics 5 (2004). Distributions are compared by the likelihood ratio (G) of their counts,
means by their difference in standard errors; both are told as normal deviates. As the best of many is taken,
chance alone gives 4 in one of 100 windows (made-up counts).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnosis.packs.models.counts import FEWEST
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.topology.traffic import Mask

CELL, MOST_CELLS = 15.0, 80
"""Seconds that are looked at as one, and how many of those a window has at most: the best is then refined."""

SHORTEST = 30.0
"""Seconds of the shortest stretch that is looked at."""

AFTER_ALERT = 60.0
"""Seconds after an alert until which its trouble may begin."""

CHANCE, CERTAIN = 4.8, 7.0
"""Deviates up to which a change is chance, and from which it is certain."""


class Split(NamedTuple):
    """A change at `onset` (Unix seconds): the steps before, those of the stretch, and its deviate.

    `every` are the seconds between two exports, within which the onset is not known.
    """

    onset: float
    before: Mask
    after: Mask
    score: float
    every: float


Score = Callable[[Values, Values], Values]
"""Deviates of sums (rows, …) before and during a stretch; -inf where too little is known."""


def find_shift(
    aligned: AlignedSeries, counts: Values, alerted_at: float | None, shortest: float = SHORTEST
) -> Split | None:
    """Where a distribution changed most, for `shortest` seconds at least; `counts` (bins, steps)."""
    return _find(aligned, counts, counts.sum(axis=0), _compare_shares, alerted_at, shortest)


def find_worse(
    aligned: AlignedSeries, amount: Values, squares: Values, number: Values, alerted_at: float | None
) -> Split | None:
    """Where a mean, of sums, sums of squares and numbers by step, rose most."""
    return _find(aligned, np.stack([amount, squares, number]), number, _compare_means, alerted_at, SHORTEST)


def _find(
    aligned: AlignedSeries,
    sums: Values,
    number: Values,
    score: Score,
    alerted_at: float | None,
    shortest: float,
) -> Split | None:
    steps, least = len(aligned.times), round(shortest / aligned.evidence.step)
    size = max(1, round(CELL / aligned.evidence.step), -(-steps // MOST_CELLS))
    total = np.concatenate([np.zeros((len(sums), 1)), np.cumsum(sums, axis=1)], axis=1)
    cuts = np.unique([*range(0, steps, size), steps])
    latest = steps if alerted_at is None else int(np.searchsorted(aligned.times, alerted_at + AFTER_ALERT))
    begins = cuts[(cuts > 0) & (cuts < min(steps, latest + 1))]
    found = _best(total, begins, cuts[1:], score, least)
    if found is None or (latest < steps and found[0] == begins[-1]):
        return None  # what began later, too, differs most as late as may be
    near = np.arange(max(1, found[0] - size), min(found[0] + size + 1, found[1]))
    begin, end, best = _best(total, near, np.array([found[1]]), score, least) or found
    places = np.arange(steps)
    every = interval(aligned, number)
    onset = float(aligned.times[begin]) - (every + aligned.evidence.step) / 2
    return Split(
        max(onset, aligned.evidence.start), places < begin, (places >= begin) & (places < end), best, every
    )


def _best(
    total: Values, begins: NDArray[np.int64], ends: NDArray[np.int64], score: Score, least: int
) -> tuple[int, int, float] | None:
    if not len(begins) or not len(ends):
        return None
    before = total[:, begins, None]
    scores = score(before, total[:, None, ends] - before)
    scores = np.where(ends[None, :] - begins[:, None] >= max(1, least), scores, -np.inf)
    place = np.unravel_index(np.argmax(scores), scores.shape)
    best = float(scores[place])
    return (int(begins[place[0]]), int(ends[place[1]]), best) if np.isfinite(best) else None


def interval(aligned: AlignedSeries, number: Values) -> float:
    """Seconds between two exports of what was counted."""
    told = np.flatnonzero(number > 0)
    step = aligned.evidence.step
    return float(np.median(np.diff(told))) * step if len(told) > 1 else step


def _compare_shares(before: Values, during: Values) -> Values:
    """By G, which is χ² with one degree of freedom less than bins, by Wilson and Hilferty's approximation."""
    during = np.maximum(during, 0.0)
    sizes = before.sum(axis=0), during.sum(axis=0)
    both = before + during
    likelihood = (_entropy(before) + _entropy(during) - _entropy(both)).sum(axis=0)
    ratio = 2 * (likelihood - _entropy(sizes[0]) - _entropy(sizes[1]) + _entropy(sizes[0] + sizes[1]))
    freedom = np.maximum((both > 0).sum(axis=0) - 1, 1)
    part = 2 / (9 * freedom)
    deviate = (np.cbrt(np.maximum(ratio, 0.0) / freedom) - (1 - part)) / np.sqrt(part)
    return np.where((sizes[0] >= FEWEST) & (sizes[1] >= FEWEST), deviate, -np.inf)


def _entropy(counts: Values) -> Values:
    return np.asarray(counts * np.log(np.maximum(counts, 1e-12)))


def _compare_means(before: Values, during: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        old, new = before[0] / before[2], during[0] / during[2]
        whole = before + during
        variance = np.maximum(whole[1] / whole[2] - (whole[0] / whole[2]) ** 2, 1e-12)
        deviate = (new - old) / np.sqrt(variance * (1 / before[2] + 1 / during[2]))
    known = (before[2] >= FEWEST) & (during[2] >= FEWEST)
    return np.where(known, deviate, -np.inf)
