"""Requests that repeat a recent one: with the same values, or with others in the same bins."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from whence_monitor import instruments as i
from whence_monitor.families import Attributes, Family, spell

RECENT = 10_000
"""Requests that are remembered, at most; at least half as many."""
KINDS = ("exact", "near")
Hashes = NDArray[np.uint64]


class Recent:
    """The last hashes, in two generations: when the younger is full, the older is forgotten."""

    def __init__(self) -> None:
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, key: int) -> bool:
        """Remember it; return whether it was known."""
        if key in self._young:
            return True
        if len(self._young) >= RECENT // 2:
            self._young, self._old = set(), self._young
        self._young.add(key)
        return key in self._old


class Repeats:
    """Counts of requests that repeat one of the last thousands of this process.

    Categories in the same bin are the same.
    """

    def __init__(self, base: Attributes) -> None:
        self._exact, self._near = Recent(), Recent()
        self._counts = np.zeros(len(KINDS), np.int64)
        self.family = Family(i.REPEATED, [{**base, **a} for a in spell(**{i.KIND: KINDS})], self._counts)

    def add(self, numbers: NDArray[np.float64], bins: NDArray[np.int64]) -> None:
        """Count n requests by their numbers float64[n, k], and the bins of all their features int64[n, f]."""
        near = hash_rows(bins)
        exact = near ^ hash_rows(numbers)
        for of_values, of_bins in zip(exact.tolist(), near.tolist(), strict=True):
            is_exact, is_near = self._exact.add(of_values), self._near.add(of_bins)
            if is_exact:
                self._counts[0] += 1
            elif is_near:
                self._counts[1] += 1


def hash_rows(table: NDArray[np.float64] | NDArray[np.int64]) -> Hashes:
    """Hashes uint64[n] of the rows of a table [n, columns]; all NaN are the same, and so are 0 and -0.

    Sums of the columns' mixed bits, each by an odd number of its own (multilinear hashing).
    """
    plain = np.where(np.isnan(table), np.nan, table + 0.0) if table.dtype.kind == "f" else table
    bits = np.ascontiguousarray(plain).view(np.uint64)
    mixed = bits ^ (bits >> np.uint64(33))
    sums: Hashes = (mixed * _factors(table.shape[1])).sum(axis=1, dtype=np.uint64)
    return sums


@cache
def _factors(columns: int) -> Hashes:
    drawn = np.random.default_rng(columns).integers(0, 2**63, columns, np.uint64)
    return drawn * np.uint64(2) + np.uint64(1)
