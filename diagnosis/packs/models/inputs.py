"""How the features of a model moved: when, how many of its values, and in which way."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import Counts, add
from diagnosis.packs.models.splits import CERTAIN, CHANCE, Split, find_shift
from diagnosis.signals.changes import ramp
from diagnosis.signals.series import Values
from diagnosis.topology.traffic import Mask
from prometheus.models.samples import ALL
from prometheus.series import models
from prometheus.series.models import OWN


class Way(StrEnum):
    """In which way a feature moved; the first ones are bins of their own."""

    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    UNSEEN = "unseen"
    INFINITE = "infinite"
    UNIT = "unit"
    CONSTANT = "constant"
    OUT_OF_RANGE = "out_of_range"
    DRIFT = "drift"


FAULTY = (Way.MISSING, Way.WRONG_TYPE, Way.UNSEEN, Way.INFINITE)
OUTSIDE = ("below", "above")
NOT_FINITE = frozenset({Way.MISSING, Way.WRONG_TYPE, Way.INFINITE})

MOVED = (0.06, 0.15)
"""Part of the values that are elsewhere, beyond chance, from which it moved, perhaps and certainly."""

FAULTS = (0.015, 0.05)
"""The same of values that are missing or cannot be used."""

OF_MOVED = 0.4
"""Part of the values that moved that are faulty in the same way, from which that is how they moved."""

ONE_VALUE, SEVERAL = 0.95, 0.8
"""Part of the values in one bin from which a feature is constant, and up to which it was not."""

UNITS = tuple(sorted([*(10.0**power for power in range(-6, 7) if power), 60.0, 3600.0, 1 / 60, 1 / 3600]))
UNIT_TOLERANCE = 0.1
"""Of the logarithm to base 10 of a ratio of means, around that of a change of unit."""

STRETCHES = 8
"""Stretches of a side of which the mean size of a feature is taken."""

UNIT_MOVES = 0.3
"""Part of the values that a change of unit puts elsewhere at least, if it is of all of them."""


class Move(NamedTuple):
    """A feature that moved, of everybody (`ALL`) or in a segment, by the bins of a reference (or `POOLED`).

    `share` (0–1) of its values are elsewhere since. `before` and `after` are the share of values that are
    faulty in the way it moved, or its mean where it moved by a unit; `times` the ratio of the means.
    """

    feature: str
    segment: str
    reference: str
    way: Way
    split: Split
    strength: float
    share: float
    before: float
    after: float
    times: float = math.nan

    @property
    def onset(self) -> float:
        return self.split.onset


def find_moves(counts: Counts, alerted_at: float | None) -> list[Move]:
    """All features that may have moved, the surest first; those of no feature among them."""
    found = [move for pair in list_features(counts) if (move := _find(counts, *pair, alerted_at))]
    local = {move.feature for move in found if _is_of_some_segments(counts, found, move)}
    kept = [move for move in found if (move.segment == ALL) is (move.feature not in local)]
    return sorted(kept, key=lambda move: (-move.strength, -move.share, move.feature))


def list_features(counts: Counts) -> list[tuple[str, str]]:
    """Features, and of whom they are told."""
    rows = counts.rows(models.FEATURE_VALUES)
    return sorted({(row.labels.get("feature", ""), row.labels.get("segment", "")) for row in rows})


def _is_of_some_segments(counts: Counts, found: list[Move], move: Move) -> bool:
    """Whether a feature is watched in segments, and moved in some and not in others."""
    told = {segment for feature, segment in list_features(counts) if feature == move.feature}
    segments = told & set(counts.segments)
    moved = {other.segment for other in found if other.feature == move.feature} - {ALL}
    return bool(moved) and moved < segments


POOLED = "*"
"""Stands for all references together: bins of different ones are not the same, but for the faulty ones."""


def list_references(counts: Counts, feature: str, segment: str) -> list[str]:
    """Those that a feature was counted by; if there are several, all of them together, too."""
    rows = counts.rows(models.FEATURE_VALUES, feature=feature, segment=segment)
    found = sorted({row.labels.get("reference", "") for row in rows})
    return found if len(found) == 1 else [*found, POOLED]


def read_bins(counts: Counts, feature: str, segment: str, reference: str) -> Mapping[str, Values]:
    """What was counted in each bin of a reference."""
    found: defaultdict[str, list[Values]] = defaultdict(list)
    for row in counts.rows(models.FEATURE_VALUES, feature=feature, segment=segment):
        name = row.labels.get("bin", "")
        if reference == POOLED:
            found[name if name in FAULTY else "others"].append(row.values)
        elif row.labels.get("reference", "") == reference:
            found[name].append(row.values)
    return {name: add(rows, counts.aligned) for name, rows in found.items()}


def _find(counts: Counts, feature: str, segment: str, alerted_at: float | None) -> Move | None:
    """The surest by any reference: it may have changed in the window."""
    references = list_references(counts, feature, segment)
    found = (_find_by(counts, feature, segment, reference, alerted_at) for reference in references)
    return max((move for move in found if move), key=lambda move: move.strength, default=None)


def _find_by(
    counts: Counts, feature: str, segment: str, reference: str, alerted_at: float | None
) -> Move | None:
    bins = read_bins(counts, feature, segment, reference)
    names = sorted(bins)
    table = np.stack([bins[name] for name in names])
    split = find_shift(counts.aligned, table, alerted_at)
    if split is None or split.score <= CHANCE:
        return None
    before, after = (_shares(table, side) for side in (split.before, split.after))
    share = max(0.0, float(np.abs(after - before).sum()) / 2 - _by_chance(table, split))
    old, new = (dict(zip(names, map(float, side), strict=True)) for side in (before, after))
    way = _choose_way(old, new, share)
    move = Move(feature, segment, reference, way, split, 0.0, share, *_levels(way, old, new))
    if segment == ALL and feature not in OWN:
        move = _as_unit(counts, move, old, new)
    limits = FAULTS if move.way in FAULTY else MOVED
    strength = ramp(split.score, CHANCE, CERTAIN) * ramp(move.share, *limits)
    return move._replace(strength=strength) if strength > 0 else None


def _choose_way(old: Mapping[str, float], new: Mapping[str, float], share: float) -> Way:
    worst = max(FAULTY, key=lambda way: new.get(way, 0.0) - old.get(way, 0.0))
    if new.get(worst, 0.0) - old.get(worst, 0.0) >= max(FAULTS[0], OF_MOVED * share):
        return worst
    usual = {name: part for name, part in new.items() if name not in (*FAULTY, *OUTSIDE)}
    most = max(usual, key=lambda name: usual[name], default="")
    if usual.get(most, 0.0) >= ONE_VALUE and old.get(most, 0.0) <= SEVERAL:
        return Way.CONSTANT
    outside = _outside(new) - _outside(old)
    return Way.OUT_OF_RANGE if outside >= max(FAULTS[0], OF_MOVED * share) else Way.DRIFT


def _levels(way: Way, old: Mapping[str, float], new: Mapping[str, float]) -> tuple[float, float]:
    if way in FAULTY:
        return old.get(way, 0.0), new.get(way, 0.0)
    if way is Way.OUT_OF_RANGE:
        return _outside(old), _outside(new)
    if way is Way.CONSTANT:
        most = max(new, key=lambda name: new[name])
        return old.get(most, 0.0), new[most]
    return math.nan, math.nan


def _as_unit(counts: Counts, move: Move, old: Mapping[str, float], new: Mapping[str, float]) -> Move:
    """As a change of unit, if the mean of its values changed by the factor of one."""
    finite = [sum(part for name, part in side.items() if name not in NOT_FINITE) for side in (old, new)]
    means = [
        level / part if part else math.nan for level, part in zip(size_of(counts, move), finite, strict=True)
    ]
    if move.way in FAULTY or not all(means) or not np.isfinite(means).all():
        return move
    times = means[1] / means[0]
    part = min(1.0, move.share / finite[1])
    of_some = (times - 1 + part) / part if part else math.nan
    near = [factor for ratio in (times, of_some) if (factor := _nearest_unit(ratio))]
    is_of_all = bool(near) and near[0] == _nearest_unit(times)
    if not near or (is_of_all and part < UNIT_MOVES) or (not is_of_all and near[0] < 1):
        return move
    return move._replace(way=Way.UNIT, before=means[0], after=means[1], times=near[0])


def _nearest_unit(ratio: float) -> float | None:
    if not ratio > 0:
        return None
    near = min(UNITS, key=lambda unit: abs(math.log10(ratio / unit)))
    return near if abs(math.log10(ratio / near)) <= UNIT_TOLERANCE else None


def size_of(counts: Counts, move: Move) -> tuple[float, float]:
    """The mean size of a number's values before and after, without their sign; 0 if it is no number."""
    magnitude = counts.sum(models.FEATURE_MAGNITUDE, feature=move.feature)
    values = counts.sum(models.FEATURE_VALUES, feature=move.feature, segment=ALL)
    before, after = (_over(magnitude, values, side) for side in (move.split.before, move.split.after))
    return before, after


def _over(part: Values, whole: Values, side: Mask) -> float:
    """The median of several stretches: an earlier trouble may be in one of them."""
    stretches = np.array_split(np.flatnonzero(side & (whole > 0)), STRETCHES)
    means = [float(part[each].sum() / whole[each].sum()) for each in stretches if len(each)]
    return float(np.median(means)) if means else math.nan


def _outside(shares: Mapping[str, float]) -> float:
    return sum(shares.get(name, 0.0) for name in OUTSIDE)


def _shares(table: Values, side: Mask) -> Values:
    counted = table[:, side].sum(axis=1)
    return np.asarray(counted / counted.sum())


def _by_chance(table: Values, split: Split) -> float:
    """What half the sum of differences of two samples' shares is on average, if they are of the same."""
    sizes = [float(table[:, side].sum()) for side in (split.before, split.after)]
    pooled = table.sum(axis=1) / table.sum()
    spread = np.sqrt(pooled * (1 - pooled) * sum(1 / size for size in sizes))
    return float(spread.sum() / 2 * math.sqrt(2 / math.pi))


def values_over_time(counts: Counts, move: Move) -> tuple[Values, Values]:
    """What of the feature was counted in each step, of that which shows its move, and of all."""
    bins = read_bins(counts, move.feature, move.segment, move.reference)
    whole = add(list(bins.values()), counts.aligned)
    if move.way is Way.UNIT:
        finite = [values for name, values in bins.items() if name not in NOT_FINITE]
        return counts.sum(models.FEATURE_MAGNITUDE, feature=move.feature), add(finite, counts.aligned)
    return add([bins[name] for name in shown_bins(bins, move)], counts.aligned), whole


def shown_bins(bins: Mapping[str, Values], move: Move) -> Iterator[str]:
    """The bins that have more of the values since."""
    if move.way in FAULTY:
        return iter([str(move.way)])
    if move.way is Way.OUT_OF_RANGE:
        return (name for name in OUTSIDE if name in bins)
    names = sorted(bins)
    table = np.stack([bins[name] for name in names])
    gained = _shares(table, move.split.after) - _shares(table, move.split.before)
    return (name for name, gain in zip(names, gained, strict=True) if gain > 0)
