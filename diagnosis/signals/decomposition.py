"""The change of a rate, split exactly into who was asked (mix) and how well it went (within).

One dimension at a time, as Kitagawa (1955, "Components of a difference between two rates", Journal of the
American Statistical Association 50) and, in the symmetric form without an interaction, Oaxaca (1973) and
Blinder (1973): with shares w and rates r of the groups before, w' and r' after,

    r'_all - r_all = sum_g (w'_g - w_g) * ((r_g + r'_g) / 2 - r_mean)      mix
                   + sum_g (r'_g - r_g) * (w_g + w'_g) / 2                 within

where r_mean, the mean of the two overall rates, adds nothing (the changes of shares sum to 0) and lets a
group's mix part say whether it gained or lost weight against the average. A group that is absent in one
period has the rate of the other: all it does is mix.

Several dimensions at once, as Das Gupta (1993, "Standardization and decomposition of rates", U.S. Bureau of
the Census P23-186): the rate is a function of factors; each factor's effect is that of exchanging it,
averaged over all orders of exchange (its Shapley value), so that the effects sum to the change.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

Cell = tuple[str, str, str]
"""Segment, source, version."""


class Count(NamedTuple):
    """Labelled requests and the hits among them."""

    labelled: float
    hits: float

    @property
    def rate(self) -> float:
        """Hits per labelled request; 0 of none."""
        return self.hits / self.labelled if self.labelled else 0.0


NOBODY = Count(0.0, 0.0)

Counts = Mapping[Cell, Count]
Groups = Mapping[str, Count]


class Split(NamedTuple):
    """What one group adds to the change of the overall rate (0–1)."""

    mix: float
    within: float


class Factors(NamedTuple):
    """What each factor adds to the change of the overall rate (0–1): they sum to it.

    `segment`: other users came. `source`: more of them were served without their features. `version`: others
    models answered. `rate`: the same users, sources and versions hit less.
    """

    segment: float
    source: float
    version: float
    rate: float


def pool(counts: Counts, keep: Callable[[Cell], str]) -> dict[str, Count]:
    """Counts summed over the cells that `keep` gives the same name."""
    pooled: dict[str, Count] = {}
    for cell, count in counts.items():
        pooled[keep(cell)] = add(pooled.get(keep(cell), NOBODY), count)
    return pooled


def add(one: Count, other: Count) -> Count:
    return Count(one.labelled + other.labelled, one.hits + other.hits)


def overall(counts: Mapping[Cell, Count] | Groups) -> Count:
    return Count(sum(c.labelled for c in counts.values()), sum(c.hits for c in counts.values()))


def split(before: Groups, after: Groups) -> dict[str, Split]:
    """Mix and within part of each group; all parts sum to the change of the rate. {} without counts."""
    whole, changed = overall(before), overall(after)
    if not whole.labelled or not changed.labelled:
        return {}
    mean = (whole.rate + changed.rate) / 2
    return {name: _split_one(before, after, name, mean) for name in sorted({*before, *after})}


def _split_one(before: Groups, after: Groups, name: str, mean: float) -> Split:
    old, new = before.get(name, NOBODY), after.get(name, NOBODY)
    weight, changed = old.labelled / overall(before).labelled, new.labelled / overall(after).labelled
    rate = old.rate if old.labelled else new.rate
    became = new.rate if new.labelled else old.rate
    mix = (changed - weight) * ((rate + became) / 2 - mean)
    return Split(mix, (became - rate) * (weight + changed) / 2)


_ORDERS = tuple(permutations(range(4)))


def factorise(before: Counts, after: Counts) -> Factors:
    """The effect of each factor, averaged over all orders of exchanging them. Zeros without counts."""
    if not overall(before).labelled or not overall(after).labelled:
        return Factors(0.0, 0.0, 0.0, 0.0)
    cells = sorted({*before, *after})
    periods = (_describe(before, after, cells), _describe(after, before, cells))
    cache: dict[tuple[int, ...], float] = {}

    def rate(state: tuple[int, ...]) -> float:
        if state not in cache:
            cache[state] = sum(
                periods[state[0]][cell][0]
                * periods[state[1]][cell][1]
                * periods[state[2]][cell][2]
                * periods[state[3]][cell][3]
                for cell in cells
            )
        return cache[state]

    effects = [0.0] * 4
    for order in _ORDERS:
        state = [0] * 4
        for factor in order:
            start = rate(tuple(state))
            state[factor] = 1
            effects[factor] += (rate(tuple(state)) - start) / len(_ORDERS)
    return Factors(*effects)


def _describe(counts: Counts, other: Counts, cells: Sequence[Cell]) -> dict[Cell, tuple[float, ...]]:
    """P(segment), P(source | segment), P(version | segment, source) and the rate of each cell of a period.

    What a period does not know of a cell (there was nobody to look at) it takes from the other period.
    """
    levels = [_shares(counts, other, depth) for depth in (1, 2, 3)]
    described = {}
    for cell in cells:
        here, there = counts.get(cell), other.get(cell)
        known = here if here and here.labelled else there
        shares = [levels[depth - 1].get(cell[:depth], 0.0) for depth in (1, 2, 3)]
        described[cell] = (*shares, known.rate if known else 0.0)
    return described


def _shares(counts: Counts, other: Counts, depth: int) -> dict[tuple[str, ...], float]:
    """Share of each prefix of a cell among those with the same shorter prefix."""
    sums, borrowed = _sums(counts), _sums(other)
    found = {}
    for cell in {*counts, *other}:
        prefix, parent = cell[:depth], cell[: depth - 1]
        source = sums if sums.get(parent, 0.0) > 0 else borrowed
        found[prefix] = source.get(prefix, 0.0) / source[parent] if source.get(parent) else 0.0
    return found


def _sums(counts: Counts) -> dict[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], float] = {}
    for cell, count in counts.items():
        for depth in range(4):
            sums[cell[:depth]] = sums.get(cell[:depth], 0.0) + count.labelled
    return sums
