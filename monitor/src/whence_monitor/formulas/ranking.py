"""Measures of what a ranker shows; means of its quality are a quantity of `tasks.ranking` over `judged`."""

from math import log

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
