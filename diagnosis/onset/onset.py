"""The onset: the moment that best splits the user impact into before and after.

For each symptom the split is the least-squares change point of one step (Hinkley 1970, "Inference about the
change-point in a sequence of random variables", Biometrika 57): it maximises |mean after - mean before| *
sqrt(n m / (n + m)). Values are clipped to the spread of the bulk, so that one wild step does not decide. Only
changes for the worse count: the end of an earlier incident is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnosis.signals.changes import IQR_OF_NORMAL, ramp
from diagnosis.signals.series import SMOOTH, AlignedSeries, Values, Window

EARLIEST, LATEST = 420.0, 60.0
"""Seconds before and after an alert within which its onset is; alerts on quality are slow."""

BASELINE, AFFECTED = 180.0, 120.0
"""Seconds compared on each side of a split, where there are as many."""

FEWEST = 4
"""Steps on each side of a split at least."""

BETWEEN = 45.0
"""Seconds of calm between two incidents; intermittent faults return sooner."""

NEAR = 60.0
"""Seconds by which another symptom may lead the strongest one and still belong to the same incident."""

CLICKS = 3.0
"""Seconds until most clicks have come."""


@dataclass(frozen=True)
class Symptom:
    """A user impact: a signal that gets worse in direction `worse` (1 up, -1 down).

    `noise`: usual spread; `least`: the smallest change with impact; `lag`: seconds it comes late. What is
    `labelled` comes late by the attribution window.
    """

    signal: str
    worse: int
    noise: float
    least: float
    lag: float = 0.0
    labelled: bool = False


SYMPTOMS = (
    Symptom("degraded", 1, 0.01, 0.03),
    Symptom("slow", 1, 0.01, 0.03),
    Symptom("latency_p95", 1, 0.02, 0.08),
    Symptom("loop", 1, 0.02, 0.1),
    Symptom("restarts", 1, 0.2, 1.5),
    Symptom("failing", 1, 0.005, 0.02),
    Symptom("blind", 1, 0.1, 0.3),
    Symptom("age_p95", 1, 10.0, 60.0),
    Symptom("ctr", -1, 0.006, 0.008, CLICKS),
    Symptom("hit_rate", -1, 0.03, 0.03, labelled=True),
)


ROLL_OUT = Symptom("answers", 1, 0.02, 0.03)
"""No impact itself: another version answers, which may affect the users whom it answers."""


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


def find_onsets(
    aligned: AlignedSeries, values: Mapping[str, Values], alerted_at: float | None
) -> list[Onset]:
    """Possible onsets: when the symptoms changed, and when a version was rolled out."""
    change_points = [
        point
        for symptom in SYMPTOMS
        if (point := _find_step(aligned, values[symptom.signal], symptom, alerted_at))
        and point.strength > 0.25
    ]
    shares = [(share, _find_step(aligned, share, ROLL_OUT, alerted_at)) for share in _version_shares(aligned)]
    return _gather(change_points) + [
        Onset(switch.at, [])
        for share, switch in shares
        if switch and switch.strength > 0.5 and _lasts(aligned, share, switch, alerted_at)
    ]


def _lasts(aligned: AlignedSeries, share: Values, switch: ChangePoint, alerted_at: float | None) -> bool:
    """Whether a version that came is still there when the alert fires: else it is not what it is about."""
    end = aligned.evidence.end if alerted_at is None else min(alerted_at, aligned.evidence.end)
    before, then = (
        share[aligned.inside(w)] for w in (Window(switch.at - 60, switch.at), Window(end - 30, end))
    )
    before, then = before[np.isfinite(before)], then[np.isfinite(then)]
    return bool(len(then) and np.median(then) > (np.median(before) if len(before) else 0) + switch.size / 3)


def _gather(change_points: list[ChangePoint]) -> list[Onset]:
    """One onset for each group of symptoms that moved at about the same time."""
    if not change_points:
        return []
    change_points = sorted(change_points, key=lambda point: -point.strength)
    near = [point for point in change_points if abs(point.at - change_points[0].at) <= NEAR]
    return [_agree(near), *_gather([point for point in change_points if point not in near])]


def _agree(change_points: list[ChangePoint]) -> Onset:
    """The earliest of the sure symptoms, strongest first; labels come late and are asked last."""
    sure = [point for point in change_points if point.strength >= 0.8 * change_points[0].strength]
    fast = [point for point in sure if not point.symptom.labelled] or sure
    return Onset(min(point.at for point in fast), change_points)


def _version_shares(aligned: AlignedSeries) -> list[Values]:
    versions = {row.labels.get("model_version", "") for row in aligned.growth("answers")}
    if len(versions) < 2:
        return []
    return [
        aligned.share("answers", lambda labels, of=version: labels.get("model_version", "") == of)  # type: ignore[misc]
        for version in sorted(versions)
    ]


def _find_step(
    aligned: AlignedSeries, values: Values, symptom: Symptom, alerted_at: float | None
) -> ChangePoint | None:
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
    best = int(np.argmax(score))
    if score[best] <= 0:
        return None
    begins = _skip_calm(clipped, int(steps[best]), before.mean[best] + size[best] / 4, times, alerted_at)
    low, high = np.percentile(clipped[max(0, steps[best] - lead) : steps[best]], [25, 75])
    spread = max(float(high - low) / IQR_OF_NORMAL, symptom.noise)
    sure = ramp(size[best] / spread, 1.0, 2.5) * ramp(size[best] / symptom.least, 0.75, 1.5)
    lag = aligned.evidence.limits.attribution_window if symptom.labelled else symptom.lag
    begun = float(times[begins] - step / 2 - SMOOTH / 2 - lag)
    return ChangePoint(symptom, max(begun, aligned.evidence.start), sure, float(size[best]))


def _skip_calm(values: Values, begins: int, line: float, times: Values, alerted_at: float | None) -> int:
    """The place after the last long calm before the alert: what was before it was another incident."""
    if alerted_at is None:
        return begins
    last = int(np.searchsorted(times, alerted_at + LATEST))
    bad = begins + np.flatnonzero(values[begins:last] > line)
    later = np.flatnonzero(np.diff(times[bad]) > BETWEEN) if len(bad) else bad
    return int(bad[later[-1] + 1]) if len(later) else begins


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
