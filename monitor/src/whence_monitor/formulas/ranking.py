"""Measures of what a ranker shows; means of its quality are a quantity of `tasks.ranking` over `judged`."""

from math import log, sqrt

import numpy as np

from whence_monitor.formulas.drift import Counts, shares


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
