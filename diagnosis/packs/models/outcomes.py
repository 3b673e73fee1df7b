"""How well a model does, and by whom what was lost is lost: exactly, for any measure that is a mean.

A measure is a sum by a number of labelled predictions. Its change is what the mix of segments (or versions)
changed and what changed within them: `diagnosis.signals.decomposition`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import FEWEST, Counts
from diagnosis.packs.models.splits import CERTAIN, CHANCE, Split, find_worse
from diagnosis.signals.changes import ramp
from diagnosis.signals.decomposition import Count, split
from diagnosis.signals.decomposition import Split as Effect
from diagnosis.signals.series import Values
from diagnosis.topology.traffic import Mask
from prometheus.models.measures import ENOUGH, MEANS
from prometheus.quantities import write_number
from prometheus.series import Series, models

LOST = (0.02, 0.06)
"""Fall of a share from which it is perhaps, and certainly, worse."""

GROWN = (0.1, 0.3)
"""Rise of an error, as a part of what it was, from which it is perhaps, and certainly, worse."""

NEARLY = 0.8
"""Of the strength of the measure that moved most: one that is easier to understand is told instead."""

UNBOUNDED = frozenset({"log_loss", "mape"})
"""Of these no variance is known."""


class Measure(NamedTuple):
    """A sum by a number, each of rows of a series; `squares` is the sum of squares, if no share is summed."""

    name: str
    of: Series
    amount: Mapping[str, Sequence[str]]
    number: Mapping[str, Sequence[str]]
    higher_is_better: bool = True
    squares: Mapping[str, Sequence[str]] | None = None

    @property
    def is_share(self) -> bool:
        return self.squares is None

    @property
    def title(self) -> str:
        words = self.name.replace("_", " ")
        return words.upper() if self.name in ("mae", "ndcg", "mrr", "map") else words.capitalize()

    def write(self, level: float) -> str:
        return f"{level:.1%}" if self.is_share else write_number(level)

    def write_change(self, change: float) -> str:
        """In points (0.01) of a share."""
        return f"{100 * change:.1f} points" if self.is_share else write_number(change)


def _of_class(*outcomes: str) -> dict[str, Sequence[str]]:
    return {"class": ("1",), "outcome": outcomes}


def _means() -> Iterator[Measure]:
    for name, (quantity, number) in MEANS.items():
        if name not in UNBOUNDED:
            of = {"quantity": (quantity,)}, {"quantity": (number,)}
            yield Measure(name, models.QUALITY, *of, higher_is_better=name != "brier")


MEASURES = (
    Measure("accuracy", models.OUTCOMES, {"outcome": ("tp",)}, {"outcome": ("tp", "fn")}),
    Measure("recall", models.OUTCOMES, _of_class("tp"), _of_class("tp", "fn")),
    Measure("precision", models.OUTCOMES, _of_class("tp"), _of_class("tp", "fp")),
    Measure(
        "mae",
        models.QUALITY,
        {"quantity": ("error_over", "error_under")},
        {"quantity": ("judged",)},
        higher_is_better=False,
        squares={"quantity": ("error_squared",)},
    ),
    *sorted(_means(), key=lambda measure: not measure.higher_is_better),
)
"""Those that are understood best come first."""

OF_PROBABILITIES = "brier"

PLAIN = 0.25
"""Strength from which what a model decides is worse, and not only what its probabilities say."""


class Sums(NamedTuple):
    """What a measure is made of, step by step; `amount` is what is lost where higher is better."""

    lost: Values
    squares: Values
    number: Values


class Loss(NamedTuple):
    """A measure that got worse, in a segment or (empty) as a whole, from `before` to `after`."""

    measure: Measure
    segment: str
    split: Split
    before: float
    after: float
    strength: float

    @property
    def change(self) -> float:
        """By how much it got worse."""
        return (self.before - self.after) * (1 if self.measure.higher_is_better else -1)


def sums_of(counts: Counts, measure: Measure, **where: str) -> Sums:
    number = counts.sum(measure.of, **measure.number, **where)
    amount = counts.sum(measure.of, **measure.amount, **where)
    lost = number - amount if measure.higher_is_better else amount
    return Sums(lost, counts.sum(measure.of, **measure.squares, **where) if measure.squares else lost, number)


def find_losses(counts: Counts, alerted_at: float | None) -> dict[str, Loss]:
    """What got worse, by segment; all of it together has an empty one."""
    chosen = ["", *counts.segments] if len(counts.segments) > 1 else [""]
    return {name: loss for name in chosen if (loss := _find_loss(counts, name, alerted_at))}


def _find_loss(counts: Counts, segment: str, alerted_at: float | None) -> Loss | None:
    """Of several measures, the one that is understood best of the surest."""
    known = known_measures(counts)
    found = [loss for measure in known if (loss := _find(counts, measure, segment, alerted_at))]
    decided = [loss for loss in found if loss.measure.name != OF_PROBABILITIES]
    found = decided if max((loss.strength for loss in decided), default=0.0) > PLAIN else found
    surest = max((loss.strength for loss in found), default=0.0)
    return next((loss for loss in found if loss.strength >= NEARLY * surest), None)


def known_measures(counts: Counts) -> list[Measure]:
    """Those that the model's task has; precision and recall only of two classes."""
    is_binary = set(counts.values_of(models.OUTCOMES, "class")) <= {"0", "1"}
    return [
        measure
        for measure in MEASURES
        if ("class" not in measure.amount or is_binary) and counts.sum(measure.of, **measure.number).any()
    ]


def _find(counts: Counts, measure: Measure, segment: str, alerted_at: float | None) -> Loss | None:
    sums = sums_of(counts, measure, **{"segment": segment} if segment else {})
    found = find_worse(counts.aligned, *sums, alerted_at)
    if found is None or found.score <= CHANCE:
        return None
    lost = [mean_of(sums, side) for side in (found.before, found.after)]
    rise = lost[1] - lost[0]
    size = ramp(rise, *LOST) if measure.is_share else ramp(rise / lost[0], *GROWN) if lost[0] else 1.0
    strength = ramp(found.score, CHANCE, CERTAIN) * size
    before, after = (1 - each if measure.higher_is_better else each for each in lost)
    return Loss(measure, segment, found, before, after, strength) if strength > 0 else None


def mean_of(sums: Sums, side: Mask) -> float:
    number = float(sums.number[side].sum())
    return float(sums.lost[side].sum()) / number if number else float("nan")


def error_of(sums: Sums, side: Mask) -> float:
    """The standard error of a mean; that of nothing is infinite."""
    number = float(sums.number[side].sum())
    if not number:
        return float("inf")
    variance = float(sums.squares[side].sum()) / number - mean_of(sums, side) ** 2
    return float(np.sqrt(max(variance, 1e-9) / number))


def most_lost(counts: Counts, loss: Loss, segment: str) -> float:
    """What a segment may have lost meanwhile, by the upper end of its error."""
    sums = sums_of(counts, loss.measure, segment=segment)
    sides = loss.split.before, loss.split.after
    before, after = (mean_of(sums, side) for side in sides)
    errors = [error_of(sums, side) for side in sides]
    return after - before + math.hypot(*errors)


def decompose(counts: Counts, loss: Loss, label: str) -> Mapping[str, Effect]:
    """What each segment, or version, added to what was lost: they sum to it."""
    before, after = (
        count_by(counts, loss.measure, label, side) for side in (loss.split.before, loss.split.after)
    )
    return split(before, after)


def count_by(counts: Counts, measure: Measure, label: str, side: Mask) -> dict[str, Count]:
    """What was lost by segment or version, of how many."""
    found = {}
    for value in counts.values_of(measure.of, label):
        sums = sums_of(counts, measure, **{label: value})
        number = float(sums.number[side].sum())
        if number > 0:
            found[value] = Count(number, float(sums.lost[side].sum()))
    return found


def is_known_since(counts: Counts, at: float) -> bool:
    """Whether enough labels of predictions that were made since are known to see what they lost."""
    since = counts.aligned.times > at + counts.delay
    return float(counts.labels[since].sum()) >= ENOUGH


class Gap(NamedTuple):
    """A version that is worse than the others at the same time, as much as they lose more, and how surely."""

    version: str
    lost: float
    others: float
    strength: float
    measure: Measure


def find_gap(counts: Counts) -> Gap | None:
    """The version that is surest worse than the others while both answer."""
    gaps = [gap for measure in known_measures(counts) for gap in _find_gaps(counts, measure)]
    surest = max((gap.strength for gap in gaps), default=0.0)
    return next((gap for gap in gaps if gap.strength >= NEARLY * surest), None) if surest else None


def _find_gaps(counts: Counts, measure: Measure) -> Iterator[Gap]:
    versions = counts.values_of(measure.of, "model_version")
    sums = {version: sums_of(counts, measure, model_version=version) for version in versions}
    for version in versions if len(versions) > 1 else ():
        own = sums[version]
        rest = Sums(
            *(sum(parts) for parts in zip(*(s for v, s in sums.items() if v != version), strict=True))
        )
        side = _while_both(own.number, rest.number)
        if min(own.number[side].sum(), rest.number[side].sum()) < FEWEST:
            continue
        lost, others = mean_of(own, side), mean_of(rest, side)
        score = (lost - others) / math.hypot(error_of(own, side), error_of(rest, side))
        more = lost - others
        size = ramp(more, *LOST) if measure.is_share else ramp(more / others, *GROWN) if others else 1.0
        yield Gap(version, lost, others, ramp(score, CHANCE - 2, CERTAIN - 2) * size, measure)


def _while_both(one: Values, other: Values) -> Mask:
    both = np.minimum.reduce([np.cumsum(one), np.cumsum(other)]) > 0
    still = np.minimum.reduce([np.cumsum(one[::-1]), np.cumsum(other[::-1])])[::-1] > 0
    return np.asarray(both & still)
