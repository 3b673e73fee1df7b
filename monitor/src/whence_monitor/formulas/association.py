"""How much a feature alone tells of a truth that is yes or no."""

from math import sqrt

import numpy as np

from whence_monitor.formulas.drift import Counts, chi_square


def association(no: Counts, yes: Counts) -> float:
    """Cramér's V of counts by bin float64[b] less what chance gives (Bergsma, 2013): 0 nothing, 1 all.

    0 also if one of both never occurs.
    """
    number = float(np.sum(no) + np.sum(yes))
    if not np.any(no) or not np.any(yes) or number < 3:
        return 0.0
    statistic, freedom = chi_square(no, yes)
    excess = max(0.0, statistic / number - freedom / (number - 1))
    return sqrt(excess / (1 - 1 / (number - 1)))
