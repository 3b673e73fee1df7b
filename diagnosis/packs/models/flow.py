"""How predictions and labels come in: by whom, how many, and what could not be counted."""

from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import Counts, spread
from diagnosis.packs.models.splits import CERTAIN, CHANCE, Split, find_shift, interval
from diagnosis.signals.changes import ramp
from diagnosis.signals.series import Values
from diagnosis.topology.traffic import Mask
from prometheus.series import models
from prometheus.series.recorded import MODEL_MEASURE

MIX = (0.06, 0.15)
"""Part of the predictions that moved to other segments, perhaps and certainly."""

GONE = (0.5, 0.8)
"""Part of the predictions that are not made any more, perhaps and certainly."""

LABELS_LOST = (0.25, 0.5)
"""Part of the labels per prediction that do not come any more, perhaps and certainly."""

LATER = (3.0, 8.0)
"""Times the usual delay from which labels come late, perhaps and certainly."""

SILENT, LONGEST_SILENT = 120.0, 300.0
"""Seconds of the shortest time for which fewer come, at least and at most."""

TIMES = 3.0
"""The same in usual delays, as labels that come a little later are missing for a while; and in exports, of
which a restart loses one."""

UNCOUNTED = (0.03, 0.1)
"""Part of what came that could not be counted, perhaps and certainly."""

OVER = 300.0
"""Seconds before an alert: a fall that ended earlier is not what it is about."""

LEAST_RATE = 0.1
"""Predictions per second below which none may come by chance."""


class Turn(NamedTuple):
    """A share or rate before and since, and how surely it is another (0–1); `of` says of what."""

    of: str
    split: Split
    before: float
    after: float
    strength: float


class Delay(NamedTuple):
    """Seconds first, and at most."""

    before: float
    after: float

    @property
    def strength(self) -> float:
        """How surely it is longer (0–1)."""
        return ramp(self.after / self.before, *LATER)


def find_mix(counts: Counts, alerted_at: float | None) -> Turn | None:
    """Whether predictions moved to other segments; `of` is the segment that gained most."""
    by_segment = dict(spread(counts, models.PREDICTIONS, "segment"))
    if len(by_segment) < 2:
        return None
    names, table = list(by_segment), np.stack(list(by_segment.values()))
    split = find_shift(counts.aligned, table, alerted_at)
    if split is None or split.score <= CHANCE:
        return None
    shares = [table[:, side].sum(axis=1) / table[:, side].sum() for side in (split.before, split.after)]
    gained = shares[1] - shares[0]
    most = int(np.argmax(gained))
    strength = ramp(split.score, CHANCE, CERTAIN) * ramp(float(np.abs(gained).sum()) / 2, *MIX)
    return Turn(names[most], split, float(shares[0][most]), float(shares[1][most]), strength)


def find_gone(counts: Counts, alerted_at: float | None) -> Turn | None:
    """Whether far fewer predictions are made than before; rates are per second."""
    return _find_fall(counts, counts.predictions, alerted_at, GONE, SILENT)


def find_labels_lost(counts: Counts, alerted_at: float | None) -> Turn | None:
    """Whether fewer labels come while as many predictions are made; rates are per second."""
    shortest = min(max(SILENT, TIMES * counts.delay), LONGEST_SILENT)
    found = _find_fall(counts, counts.labels, alerted_at, LABELS_LOST, shortest)
    if found is None:
        return None
    made = [_rate(counts, counts.predictions, side) for side in (found.split.before, found.split.after)]
    share = [found.before / made[0], found.after / made[1]] if all(made) else [1.0, 1.0]
    return found._replace(strength=min(found.strength, ramp(1 - share[1] / share[0], *LABELS_LOST)))


def find_delay(counts: Counts) -> Delay | None:
    """How long it takes until half of the labels are known, of the version for which that grew most."""
    known = [row.values[np.isfinite(row.values)] for row in counts.rows(MODEL_MEASURE)]
    found = [
        Delay(float(values[0]), float(values.max())) for values in known if len(values) and values[0] > 0
    ]
    return max(found, key=lambda delay: delay.after / delay.before, default=None)


def find_uncounted(counts: Counts, alerted_at: float | None) -> list[Turn]:
    """What could not be counted, by kind, as a part of the predictions that came with it."""
    found = []
    for kind, lost in spread(counts, models.PROBLEMS, "kind"):
        table = np.stack([lost, counts.predictions])
        split = find_shift(counts.aligned, table, alerted_at)
        if split is None or split.score <= CHANCE:
            continue
        before, after = (
            float(lost[side].sum() / table[:, side].sum()) for side in (split.before, split.after)
        )
        strength = ramp(split.score, CHANCE, CERTAIN) * ramp(after - before, *UNCOUNTED)
        found.append(Turn(kind, split, before, after, strength))
    return sorted(found, key=lambda turn: -turn.strength)


def _find_fall(
    counts: Counts, values: Values, alerted_at: float | None, limits: tuple[float, float], shortest: float
) -> Turn | None:
    """A rate that fell: compared are what was counted, and as much of each step's time."""
    begun = np.flatnonzero(values > 0)
    if not len(begun):
        return None
    time = np.where(np.arange(len(values)) >= begun[0], values[begun[0] :].mean(), 0.0)
    shortest = max(shortest, TIMES * interval(counts.aligned, values))
    split = find_shift(counts.aligned, np.stack([values, time]), alerted_at, shortest)
    if split is None or split.score <= CHANCE:
        return None
    if alerted_at is not None and counts.aligned.times[split.after].max() < alerted_at - OVER:
        return None
    before, after = (_rate(counts, values, side) for side in (split.before, split.after))
    if before < LEAST_RATE:
        return None
    strength = ramp(split.score, CHANCE, CERTAIN) * ramp(1 - after / before, *limits)
    return Turn("", split, before, after, strength)


def _rate(counts: Counts, values: Values, side: Mask) -> float:
    return float(values[side].mean()) / counts.aligned.evidence.step
