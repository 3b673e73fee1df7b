"""What the delayed labels say: how much hit rate was lost, by which factor, and if a version is to blame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from diagnosis.packs.recommender.limits import read_limits
from diagnosis.signals.changes import UNKNOWN, SignalChange, ramp
from diagnosis.signals.decomposition import (
    NOBODY,
    Cell,
    Count,
    Counts,
    Factors,
    add,
    factorise,
    overall,
    pool,
    split,
)
from diagnosis.signals.series import AlignedSeries, Periods, Window
from diagnosis.verdict.verdict import PARTS, Contribution, Dimension, Factor

FEWEST_BEFORE, FEWEST_AFTER = 150, 60
"""Labelled requests below which quality is not judged."""

FEWEST_OF_VERSION = 40
"""Labelled requests of a version, and of those it is compared with, without which it is not judged."""

CHOSEN = 0.7
"""Standard errors by which the worst of several segments is expected to seem worse than it is."""

OLD, NEW = 0.5, 0.03
"""A version is new that had less than OLD of its later share before, and has at least NEW of the answers."""

PERSONALISED = "personalised"


class Effect(NamedTuple):
    """A difference of hit rates (0–1), in how many standard errors, on how many requests."""

    difference: float
    deviation: float
    requests: float


class VersionEffect(NamedTuple):
    """A new version against the others' personalised answers, segment by segment and pooled over them."""

    version: str
    share: float
    pooled: Effect
    segments: Mapping[str, Effect]
    worst: str
    rest: Effect


@dataclass(frozen=True)
class Quality:
    """Counts by segment, source and version on both sides of the onset, and what follows from them."""

    before: Counts
    after: Counts
    known: bool
    factors: Factors
    error: float
    newcomer: VersionEffect | None

    @property
    def rate_before(self) -> float | None:
        """The hit rate before the onset, if enough is known."""
        return overall(self.before).rate if self.known else None

    @property
    def rate_after(self) -> float | None:
        """The hit rate since, if enough is known."""
        return overall(self.after).rate if self.known else None

    @property
    def newcomer_hurts(self) -> float:
        """How surely a new version harms those whom it answers (0–1); stricter than the signal's change."""
        if self.newcomer is None:
            return 0.0
        effects = (self.newcomer.pooled, *self.newcomer.segments.values())
        return max(ramp(-e.difference, 0.06, 0.12) * ramp(-e.deviation, 3.0, 4.5) for e in effects)

    @property
    def change(self) -> float:
        """Change of the hit rate, -1 to 1."""
        return overall(self.after).rate - overall(self.before).rate

    def contributions(self) -> list[Contribution]:
        """Mix and within of each group of each dimension, in points; each dimension sums to the change."""
        if not self.known:
            return []
        dimensions: tuple[tuple[Dimension, int], ...] = (("source", 1), ("version", 2), ("segment", 0))
        found = [
            (dimension, label, parts)
            for dimension, place in dimensions
            for label, parts in split(_by(self.before, place), _by(self.after, place)).items()
        ]
        return [
            Contribution(dimension=dimension, label=label, part=part, points=100 * getattr(parts, part))
            for dimension, label, parts in found
            for part in PARTS
        ]

    def factor_points(self) -> dict[Factor, float]:
        """What each factor adds to the change, in points; they sum to it."""
        if not self.known:
            return {}
        found = self.factors
        points: dict[Factor, float] = {
            "segment": found.segment,
            "source": found.source,
            "version": found.version,
            "rate": found.rate,
        }
        return {name: 100 * change for name, change in points.items()}


def _by(counts: Counts, place: int) -> dict[str, Count]:
    return pool(counts, lambda cell: cell[place])


def assess(aligned: AlignedSeries, periods: Periods) -> Quality:
    """Count labels in both windows; they come after the attribution window of their requests."""
    late = read_limits(aligned.evidence).attribution_window
    before, after = periods.before, periods.after
    old = count(aligned, Window(before.start + late, before.end + late))
    new = count(aligned, Window(after.start + late, after.end + late))
    known = overall(old).labelled >= FEWEST_BEFORE and overall(new).labelled >= FEWEST_AFTER
    return Quality(old, new, known, factorise(old, new), _error(old, new), _find_newcomer(old, new))


def count(aligned: AlignedSeries, window: Window) -> dict[Cell, Count]:
    """Labelled requests and hits of a window by segment, source and version."""
    inside = aligned.inside(window)
    sums: dict[Cell, list[float]] = {}
    for place, query in enumerate(("labelled", "hits")):
        for labels, values in aligned.growth(query):
            cell = (labels.get("segment", ""), labels.get("source", ""), labels.get("model_version", ""))
            sums.setdefault(cell, [0.0, 0.0])[place] += float(values[inside].sum())
    return {cell: Count(*both) for cell, both in sums.items() if both[0] > 0}


def _error(before: Counts, after: Counts) -> float:
    """Standard error of the change of the hit rate, with a guard against rates of 0 and 1."""
    return sqrt(sum(_variance(overall(counts)) for counts in (before, after)))


def _variance(count: Count) -> float:
    """Of a rate, after Agresti and Coull (1998): two hits and two misses are added."""
    rate = (count.hits + 2) / (count.labelled + 4)
    return rate * (1 - rate) / (count.labelled + 4)


def _find_newcomer(before: Counts, after: Counts) -> VersionEffect | None:
    """The version that gained most of the answers, if one did, against the others."""
    old, new = _by(before, 2), _by(after, 2)
    shares = {version: count.labelled / overall(after).labelled for version, count in new.items()}
    past = {version: count.labelled / overall(before).labelled for version, count in old.items()}
    gained = {v: s - past.get(v, 0.0) for v, s in shares.items() if s >= NEW and past.get(v, 0.0) < OLD * s}
    if not gained:
        return None
    version = max(gained, key=lambda name: gained[name])
    return compare_version(version, shares[version], before, after)


def compare_version(version: str, share: float, before: Counts, after: Counts) -> VersionEffect | None:
    """Its personalised answers against the others' of the same segment at the same time, or just before."""
    own = pool(_personal(after, lambda name: name == version), lambda cell: cell[0])
    others = _personal(after, lambda name: name != version)
    against = pool(others, lambda cell: cell[0])
    if _few(against):
        past = pool(_personal(before, lambda name: name != version), lambda cell: cell[0])
        against = {name: add(past.get(name, NOBODY), against.get(name, NOBODY)) for name in {*past, *against}}
    if _few(own) or _few(against):
        return None
    segments = {name: _compare(own[name], against[name]) for name in own if name in against}
    if not segments:
        return None
    worst = min(segments, key=lambda name: segments[name].difference * segments[name].requests)
    rest = combine([effect for name, effect in segments.items() if name != worst])
    return VersionEffect(version, share, combine(list(segments.values())), segments, worst, rest)


def _personal(counts: Counts, is_of: Callable[[str], bool]) -> dict[Cell, Count]:
    return {cell: count for cell, count in counts.items() if cell[1] == PERSONALISED and is_of(cell[2])}


def _few(counts: Mapping[str, Count]) -> bool:
    return sum(count.labelled for count in counts.values()) < FEWEST_OF_VERSION


def _compare(own: Count, others: Count) -> Effect:
    error = sqrt(_variance(own) + _variance(others))
    difference = own.rate - others.rate
    weight = own.labelled * others.labelled / (own.labelled + others.labelled)
    return Effect(difference, difference / error, weight)


def combine(effects: list[Effect]) -> Effect:
    """The difference over strata with weights n m / (n + m): Mantel and Haenszel (1959), Cochran (1954)."""
    weight = sum(effect.requests for effect in effects)
    if not weight:
        return Effect(0.0, 0.0, 0.0)
    difference = sum(effect.requests * effect.difference for effect in effects) / weight
    variance = sum(
        (effect.requests * effect.difference / effect.deviation) ** 2
        for effect in effects
        if effect.deviation
    )
    error = sqrt(variance) / weight
    return Effect(difference, difference / error if error else 0.0, weight)


def measure_quality_changes(quality: Quality) -> dict[str, SignalChange]:
    """What quality adds to the changes: the loss, which factor made it, and the newcomer's part."""
    names = ("loss", "lost_by_segment", "lost_by_source", "lost_by_version", "lost_within")
    if not quality.known:
        of_version = ("version_worse", "version_explains", "one_segment", "newcomer")
        return dict.fromkeys((*names, *of_version), UNKNOWN)
    before, after = overall(quality.before).rate, overall(quality.after).rate
    losses = (-quality.change, *(-effect for effect in quality.factors))
    return {
        **{
            name: SignalChange(
                before, after, _sure_loss(loss, quality.error), _sure_loss(-loss, quality.error)
            )
            for name, loss in zip(names, losses, strict=True)
        },
        **_newcomer_changes(quality.newcomer, quality.factors),
    }


def _sure_loss(loss: float, error: float) -> float:
    return ramp(loss, 0.012, 0.04) * ramp(loss / max(error, 1e-6), 1.5, 3.5)


def _newcomer_changes(newcomer: VersionEffect | None, factors: Factors) -> dict[str, SignalChange]:
    if newcomer is None:
        none = SignalChange(0.0, 0.0, 0.0, 0.0)
        return dict.fromkeys(("version_worse", "version_explains", "one_segment", "newcomer"), none)
    pooled, rest = newcomer.pooled, newcomer.rest
    worst = newcomer.segments[newcomer.worst]
    strongest = min(pooled.difference, worst.difference)
    surest = min(pooled.deviation, worst.deviation + CHOSEN)
    lost = sum(max(0.0, -effect) for effect in factors)
    part = ramp(-factors.version / lost, 0.1, 0.4) if lost else 1.0
    worse = ramp(-strongest, 0.03, 0.1) * ramp(-surest, 2.0, 4.0)
    elsewhere = rest.difference / worst.difference if worst.difference < 0 else 1.0
    alone = worse * (1 - ramp(elsewhere, 0.4, 0.75))
    return {
        "version_worse": SignalChange(0.0, pooled.difference, worse, 0.0),
        "version_explains": SignalChange(0.0, factors.version, worse * part, 0.0),
        "one_segment": SignalChange(rest.difference, worst.difference, alone, 0.0),
        "newcomer": SignalChange(0.0, newcomer.share, ramp(newcomer.share, 0.02, 0.05), 0.0),
    }
