"""The periods that are compared: a baseline before the onset, and the impact after it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diagnosis.onset.onset import BASELINE, ChangePoint, Onset
from diagnosis.signals.series import AlignedSeries, Periods, Values, Window, running_sum

LONGEST_BASELINE, GUARD, SETTLING, LONGEST_AFFECTED, SHORTEST = 240.0, 10.0, 5.0, 240.0, 15.0
CALM = 60.0
"""Seconds without the symptom after which the impact is over: intermittent symptoms return sooner."""

AFFECTED_FROM = 0.35
"""Part of a symptom's height above its baseline from which a step counts as affected."""


def choose_periods(
    aligned: AlignedSeries, values: Mapping[str, Values], began: Onset, alerted_at: float | None
) -> Periods:
    """The periods to compare, from the onset and the symptoms that changed."""
    onset, change_points = began
    ends = [_find_end(aligned, values[c.symptom.signal], c, alerted_at) for c in change_points[:2]]
    end = max(ends, default=aligned.evidence.end)
    start = aligned.evidence.start
    before = Window(max(start - 1, onset - LONGEST_BASELINE), onset - GUARD)
    if before.end - before.start < 4 * SHORTEST:
        before = Window(start - 1, onset)
    until = max(min(end, onset + LONGEST_AFFECTED), onset + SHORTEST)
    after = Window(min(onset + SETTLING, until - SHORTEST), until)
    return Periods(before, after, _choose_affected(aligned, values, before, after, change_points))


def _choose_affected(
    aligned: AlignedSeries,
    values: Mapping[str, Values],
    before: Window,
    after: Window,
    change_points: list[ChangePoint],
) -> NDArray[np.bool_]:
    """Steps of the impact at which a symptom without a lag stood out; all, if none did."""
    inside, past = aligned.inside(after), aligned.inside(before)
    affected = np.zeros(len(aligned.times), dtype=np.bool_)
    for point in change_points:
        series = values[point.symptom.signal] * point.symptom.worse
        now, peace = series[inside & np.isfinite(series)], series[past & np.isfinite(series)]
        if not point.symptom.lag and len(now) and len(peace):
            low, high = float(np.median(peace)), float(np.percentile(now, 90))
            with np.errstate(invalid="ignore"):
                affected |= series >= low + AFFECTED_FROM * (high - low)
    affected &= inside
    return affected if affected.sum() >= 2 else inside


def _find_end(aligned: AlignedSeries, values: Values, point: ChangePoint, alerted_at: float | None) -> float:
    """When the symptom had been absent for CALM seconds: the end of the impact, or of the evidence."""
    step, lag, worse = aligned.evidence.step, point.symptom.lag, point.symptom.worse
    count = max(1, round(CALM / step))
    known = np.isfinite(values)
    seen = running_sum(known * 1.0, count)
    level = running_sum(values * worse, count) / np.maximum(seen, 1)
    split = point.at + lag
    past = values[known & (aligned.times <= split) & (aligned.times > split - BASELINE)] * worse
    if not len(past):
        return aligned.evidence.end
    line = float(np.median(past)) + point.size / 4
    earliest = max(split + 2 * CALM, (alerted_at or 0.0) + CALM)
    back = np.flatnonzero((level < line) & (aligned.times >= earliest) & (seen > 0))
    return float(aligned.times[back[0]] - CALM - lag) if len(back) else aligned.evidence.end
