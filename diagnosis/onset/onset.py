"""The onset: the moment that best splits the user impact into before and after.

For each symptom the split is the least-squares change point of one step (Hinkley 1970, "Inference about the
change-point in a sequence of random variables", Biometrika 57): it maximises |mean after - mean before| *
sqrt(n m / (n + m)). Values are clipped to the spread of the bulk, so that one wild step does not decide. Only
changes for the worse count: the end of an earlier incident is none.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnosis.signals.changes import IQR_OF_NORMAL, ramp
from diagnosis.signals.series import SMOOTH, AlignedSeries, Values

EARLIEST, LATEST = 420.0, 60.0
"""Seconds before and after an alert within which its onset is; alerts on quality are slow."""

BASELINE, AFFECTED = 180.0, 120.0
"""Seconds compared on each side of a split, where there are as many."""

FEWEST = 4
"""Steps on each side of a split at least."""

BETWEEN = 45.0
"""Seconds of calm between two incidents; intermittent faults return sooner."""


@dataclass(frozen=True)
class Symptom:
    """A user impact: a signal that gets worse in direction `worse` (1 up, -1 down).

    `noise`: usual spread; `least`: the smallest change with impact; `lag`: seconds it comes late.
    """

    signal: str
    worse: int
    noise: float
    least: float
    lag: float = 0.0


class ChangePoint(NamedTuple):
    """The step of a symptom: when (Unix seconds), how surely (0–1), and by how much."""

    symptom: Symptom
    at: float
    strength: float
    size: float


class Onset(NamedTuple):
    """When something began (Unix seconds), and the symptoms that moved then, strongest first."""

    at: float
    change_points: list[ChangePoint]


def find_step(
    aligned: AlignedSeries,
    values: Values,
    symptom: Symptom,
    alerted_at: float | None,
    nearly: float = 1.0,
) -> ChangePoint | None:
    """Where a symptom got worse, by one step; None if it did not, or too little is known.

    It is the earliest split with this part (0–1) of the best one's score.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2 * FEWEST:
        return None
    times, worse = aligned.times[known], values[known] * symptom.worse
    clipped = np.clip(worse, *_bulk(worse, symptom.noise))
    step = aligned.evidence.step
    lead = max(FEWEST, round(BASELINE / step))
    steps = np.arange(FEWEST, len(known) - FEWEST + 1)
    before, after = _means(clipped, steps, lead, _ends(times, steps, step, alerted_at))
    size = after.mean - before.mean
    weight = np.sqrt(before.steps * after.steps / (before.steps + after.steps))
    allowed = _allowed(times[steps], alerted_at)
    score = np.where(allowed & (size > 0), size * weight, 0.0)
    if not score.any():
        return None
    best = int(np.argmax(score >= nearly * score.max()))
    begins = _find_first(clipped, int(steps[best]), before.mean[best] + size[best] / 4, times, alerted_at)
    low, high = np.percentile(clipped[max(0, steps[best] - lead) : steps[best]], [25, 75])
    spread = max(float(high - low) / IQR_OF_NORMAL, symptom.noise)
    sure = ramp(size[best] / spread, 1.0, 2.5) * ramp(size[best] / symptom.least, 0.75, 1.5)
    begun = float(times[begins] - step / 2 - SMOOTH / 2 - symptom.lag)
    return ChangePoint(symptom, max(begun, aligned.evidence.start), sure, float(size[best]))


def _find_first(values: Values, begins: int, line: float, times: Values, alerted_at: float | None) -> int:
    """The first bad step; before an alert, the first after the last long calm, as what was before is over."""
    last = len(times) if alerted_at is None else int(np.searchsorted(times, alerted_at + LATEST))
    bad = begins + np.flatnonzero(values[begins:last] > line)
    if not len(bad):
        return begins
    later = np.flatnonzero(np.diff(times[bad]) > BETWEEN) if alerted_at is not None else bad[:0]
    return int(bad[later[-1] + 1] if len(later) else bad[0])


def _bulk(values: Values, noise: float) -> tuple[float, float]:
    low, high = np.percentile(values, [2, 98])
    return float(low) - noise, float(high) + noise


class _Side(NamedTuple):
    mean: Values
    steps: Values


def _means(
    values: Values, steps: NDArray[np.int64], lead: int, end: NDArray[np.int64]
) -> tuple[_Side, _Side]:
    """Means of the stretches that end and begin at each step."""
    summed = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(steps - lead, 0)
    return (
        _Side((summed[steps] - summed[first]) / (steps - first), (steps - first).astype(np.float64)),
        _Side((summed[end] - summed[steps]) / (end - steps), (end - steps).astype(np.float64)),
    )


def _ends(
    times: Values, steps: NDArray[np.int64], step: float, alerted_at: float | None
) -> NDArray[np.int64]:
    """The end of the steps after each split: the alert, until which the impact lasted."""
    if alerted_at is None:
        ends = steps + max(FEWEST, round(AFFECTED / step))
    else:
        ends = np.maximum(steps + FEWEST, np.searchsorted(times, alerted_at + LATEST))
    return np.asarray(np.minimum(ends, len(times)))


def _allowed(times: Values, alerted_at: float | None) -> NDArray[np.bool_]:
    if alerted_at is None:
        return np.ones(len(times), dtype=np.bool_)
    return np.asarray((times >= alerted_at - EARLIEST) & (times <= alerted_at + LATEST))
