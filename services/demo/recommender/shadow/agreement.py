"""How alike two ranked lists are, of items that each list has once."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from telemetry.shadow import ListDifference

PERSISTENCE = 0.9
"""Of a user who looks at an item, the share who look at the next one: the first 10 have 86% of the weight."""

MOST = 0.5
"""Agreement below which most items differ."""


class Compared(NamedTuple):
    """Two lists compared: both measures are 1 for the same list, 0 for lists without a common item."""

    agreement: float
    overlap: float
    difference: ListDifference


def compare(one: Sequence[int], other: Sequence[int]) -> Compared:
    """Compare two lists, not both empty."""
    agreement = agree(one, other)
    return Compared(agreement, rank_biased_overlap(one, other), _classify(one, other, agreement))


def agree(one: Sequence[int], other: Sequence[int]) -> float:
    """Agreement@k: the share of the k items of the longer list that are in both, whatever their order."""
    return len(set(one) & set(other)) / max(len(one), len(other))


def rank_biased_overlap(one: Sequence[int], other: Sequence[int], persistence: float = PERSISTENCE) -> float:
    """Rank-biased overlap, extrapolated from what both lists show; the first places weigh most.

    Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010,
    equation 32, where X_d is the overlap to depth d, and the lists are s and l ≥ s long:

        (1-p)/p (Σ_{d≤l} X_d/d p^d + Σ_{s<d≤l} X_s (d-s)/(s d) p^d) + ((X_l - X_s)/l + X_s/s) p^l
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return 0.0
    overlaps = _overlaps(short, long)
    s, at_s, p = len(short), overlaps[len(short) - 1], persistence
    summed = sum(
        (overlap + (at_s * (depth - s) / s if depth > s else 0.0)) / depth * p**depth
        for depth, overlap in enumerate(overlaps, start=1)
    )
    beyond = (overlaps[-1] - at_s) / len(long) + at_s / s
    return float((1 - p) / p * summed + beyond * p ** len(long))


def _overlaps(short: Sequence[int], long: Sequence[int]) -> list[int]:
    """How many items both have to each depth of the longer one."""
    places = {item: place for place, item in enumerate(short)}
    met = [0] * len(long)
    for place, item in enumerate(long):
        if item in places:
            met[max(place, places[item])] += 1
    return list(accumulate(met))


def _classify(one: Sequence[int], other: Sequence[int], agreement: float) -> ListDifference:
    if list(one) == list(other):
        return ListDifference.NONE
    if agreement == 1:
        return ListDifference.ORDER
    return ListDifference.SOME if agreement >= MOST else ListDifference.MOST
