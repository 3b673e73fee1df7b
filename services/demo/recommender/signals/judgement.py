"""Ranking quality of one answer, once it is known what the user clicked."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from math import log2
from typing import NamedTuple


class Judgement(NamedTuple):
    """Quality of one answer, or its sum over several; all are 0 for an answer without a click."""

    hits: int = 0
    precision: float = 0.0
    ndcg: float = 0.0
    reciprocal_rank: float = 0.0

    def plus(self, other: "Judgement") -> "Judgement":
        """The sum, part by part."""
        return Judgement(
            self.hits + other.hits,
            self.precision + other.precision,
            self.ndcg + other.ndcg,
            self.reciprocal_rank + other.reciprocal_rank,
        )


def judge(clicked: Iterable[int], shown: int) -> Judgement:
    """Judge an answer of `shown` items by the places clicked, 0 the first, each named once.

    NDCG has binary gain, a logarithmic discount, and all clicks first as the ideal (Järvelin and Kekäläinen,
    2002); the reciprocal rank is that of the first click (Voorhees, 1999).
    """
    places = tuple(clicked)
    if not places:
        return Judgement()
    gain = sum(_discount(place) for place in places)
    return Judgement(
        hits=1,
        precision=len(places) / shown,
        ndcg=gain / _ideal_gains(shown)[len(places) - 1],
        reciprocal_rank=1.0 / (min(places) + 1),
    )


def _discount(place: int) -> float:
    return 1.0 / log2(place + 2)


@lru_cache(maxsize=128)
def _ideal_gains(shown: int) -> tuple[float, ...]:
    return tuple(accumulate(map(_discount, range(shown))))
