"""How far the scores of a model are from what came true."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import FEWEST, Counts
from diagnosis.packs.models.splits import Split
from diagnosis.signals.changes import ramp
from diagnosis.topology.traffic import Mask
from prometheus.series import models

OFF = (0.03, 0.08)
"""Rise of the mean distance from which scores are off, perhaps and certainly."""


class Miscalibration(NamedTuple):
    """The mean distance (0–1) of scores from what came true, before and after."""

    before: float
    after: float

    @property
    def strength(self) -> float:
        return ramp(self.after - self.before, *OFF)


def find_miscalibration(counts: Counts, split: Split) -> Miscalibration | None:
    """By bins of the scores, as the expected calibration error; None without enough labels."""
    sides = [_measure(counts, side) for side in (split.before, split.after)]
    before, after = sides
    return None if before is None or after is None else Miscalibration(before, after)


def _measure(counts: Counts, side: Mask) -> float | None:
    """Less what chance alone makes of it, which is the more the fewer labels there are."""
    labels: defaultdict[str, float] = defaultdict(float)
    true: defaultdict[str, float] = defaultdict(float)
    expected: defaultdict[str, float] = defaultdict(float)
    for row in counts.rows(models.SCORE_LABELS):
        number = float(row.values[side].sum())
        labels[row.labels["bin"]] += number
        true[row.labels["bin"]] += number * (row.labels["came_true"] == "yes")
    for row in counts.rows(models.SCORE_EXPECTED):
        expected[row.labels["bin"]] += float(row.values[side].sum())
    whole = sum(labels.values())
    if whole < FEWEST:
        return None
    apart = sum(abs(true[name] - expected[name]) for name in labels)
    chance = sum(
        np.sqrt(2 / np.pi * max(expected[name] * (1 - expected[name] / number), 0.0))
        for name, number in labels.items()
        if number
    )
    return max(0.0, float(apart - chance)) / whole
