"""How good a list is, and measures of what a ranker shows."""

from collections.abc import Hashable, Mapping, Sequence
from math import log, log2, sqrt
from typing import Any, NamedTuple

import numpy as np

from whence_monitor.formulas.drift import Counts, shares


class Judgement(NamedTuple):
    """How good one list was."""

    judged: float
    hits: float
    precision: float
    recall: float
    ndcg: float
    reciprocal_rank: float
    average_precision: float


QUANTITIES = Judgement._fields
"""Their means over lists are what is measured: a sum of each by that of `judged`."""


def judge_list(shown: Sequence[Hashable], gains: Mapping[Any, float]) -> Judgement:
    """Judge a list of k items by the gains > 0 of the relevant ones.

    NDCG has linear gain and a logarithmic discount, its ideal is the best list of k (Järvelin and Kekäläinen,
    2002); average precision is over min(k, number of relevant items). All but `judged` are 0 if nothing is
    relevant.
    """
    places = [place for place, item in enumerate(shown) if item in gains]
    if not places:
        return Judgement(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    best = sorted(gains.values(), reverse=True)[: len(shown)]
    found = sum(gains[shown[place]] / log2(place + 2) for place in places)
    precisions = sum((number + 1) / (place + 1) for number, place in enumerate(places))
    return Judgement(
        judged=1.0,
        hits=1.0,
        precision=len(places) / len(shown),
        recall=len(places) / len(gains),
        ndcg=found / sum(gain / log2(place + 2) for place, gain in enumerate(best)),
        reciprocal_rank=1.0 / (places[0] + 1),
        average_precision=precisions / min(len(shown), len(gains)),
    )


def distinct_items(registers: Counts) -> float:
    """How many different items were shown, from the registers of a HyperLogLog, with linear counting if few.

    Flajolet et al., 2007; the standard error is 1.04 / √registers.
    """
    number = len(registers)
    estimate = 0.7213 / (1 + 1.079 / number) * number**2 / np.sum(2.0 ** -registers.astype(np.float64))
    empty = int(np.sum(registers == 0))
    if estimate <= 2.5 * number and empty:
        return number * log(number / empty)
    return float(estimate)


def mean_popularity(tenths: Counts) -> float:
    """The mean popularity of shown items, 0 to 1, from their counts by tenth of popularity, least first."""
    return float(np.sum(shares(tenths) * (np.arange(10) + 0.5) / 10))


def effective_items(buckets: Counts) -> float:
    """So many items, shown equally often, are as even as what was shown: 1 / Σ p² of its shares p.

    Hill's number of order 2 (1973), from counts by b buckets of the items' hashes. Two items are in the same
    bucket by chance with probability 1 / b; that is subtracted. The standard error is √(2 / (b - 1)), and the
    same for the same items. Of n that all differ, no more are told than four errors allow: n √(b / 2) / 4.
    """
    number, n = len(buckets), float(np.sum(buckets))
    together = float(np.sum(buckets * (buckets - 1.0))) / (n * (n - 1))
    alike = (together - 1 / number) / (1 - 1 / number)
    return 1 / max(alike, 4 * sqrt(2 / number) / n)
