"""Confidence sequences: intervals that hold at all looks together, not only at one.

An estimate whose error becomes smaller as data comes in is a Brownian motion in information, 1 / se²
(Jennison and Turnbull, "Group Sequential Methods", 1999, section 11.1; Scharfstein, Tsiatis and Robins,
JASA 92, 1997), also where its information is bounded because the same users come again. Robbins' normal
mixture bounds that motion at all times (Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 49, 2021, section 3.2; for standard errors that
are estimated: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences", Annals of Statistics 52, 2024). With few groups of users Student's t takes
the normal's place (Lindon, Ham, Tingley and Bojinov, "Anytime-valid linear models and regression adjusted
causal inference", arXiv 2210.08589).

All functions take arrays of one shape, or what broadcasts to it.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

STEPS = 100
"""Of an iteration that at each comes at least 3 times nearer, for levels up to a half."""


def choose_scale(minimum_effect: float, alpha: float) -> float:
    """The mixture's standard deviation, in the estimate's unit, for which least data decides on that effect.

    Howard et al. 2021, equation 3.6: Robbins' boundary is lowest where its precision is information times
    1 / (-W₋₁(-α² / e) - 1).
    """
    return minimum_effect * _best_scale(alpha)


def radius(standard_error: ArrayLike, scale: ArrayLike, alpha: float, freedom: ArrayLike = np.inf) -> Numbers:
    """Half the width of the interval at level 1 - `alpha`; infinite where nothing can be said yet.

    `freedom` are the degrees of freedom with which the standard error is known.
    """
    error = np.asarray(standard_error, float)
    result: Numbers = error * np.sqrt(_squared_radius(_weight(error, scale), alpha, freedom))
    return result


def log_e_value(
    estimate: ArrayLike, standard_error: ArrayLike, scale: ArrayLike, freedom: ArrayLike = np.inf
) -> Numbers:
    """Logarithm of the evidence that the estimated quantity is not 0: chance lets it reach log(1/α) at any
    look with probability α at most. The interval excludes 0 exactly where it is above log(1/α)."""
    error, known = np.asarray(standard_error, float), np.asarray(freedom, float)
    weight, square = _weight(error, scale), (np.asarray(estimate, float) / error) ** 2
    with np.errstate(invalid="ignore"):
        student = (known + 1) * (np.log1p(square / known) - np.log1p(weight * square / known))
    result: Numbers = (np.log(weight) + np.where(np.isinf(known), square * (1 - weight), student)) / 2
    return result


def deciding_error(minimum_effect: float, alpha: float, freedom: float = np.inf) -> float:
    """The standard error from which on the interval is no wider than the effect on each side; 0 if none."""
    scale = choose_scale(minimum_effect, alpha)
    errors = np.geomspace(minimum_effect / 100, minimum_effect, 2_000)
    narrow = radius(errors, scale, alpha, freedom) <= minimum_effect
    return float(errors[narrow].max(initial=0.0))


@lru_cache
def _best_scale(alpha: float) -> float:
    """For a smallest effect of 1."""
    best = _best_precision(alpha)
    return 1 / float(np.sqrt(best * _squared_radius(best / (1 + best), alpha)))


def _best_precision(alpha: float) -> float:
    """W₋₁(x) is the fixed point of w = log(x / w) below -1: each step comes about |w| times as near to it."""
    x = -(alpha**2) / np.e
    w = float(np.log(-x))
    for _ in range(STEPS):
        w = float(np.log(x / w))
    return 1 / (-w - 1)


def _weight(error: Numbers, scale: ArrayLike) -> Numbers:
    """What the standard error has of the variance that the mixture expects of estimates."""
    return np.asarray(error**2 / (error**2 + np.asarray(scale, float) ** 2), float)


def _squared_radius(weight: ArrayLike, alpha: float, freedom: ArrayLike = np.inf) -> Numbers:
    """In standard errors."""
    share, known = np.asarray(weight, float), np.asarray(freedom, float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        needed = -2 * np.log(alpha) - np.log(share)
        grown = np.expm1(needed / (known + 1))
        left = 1 - share * (grown + 1)
        student = np.where(left > 0, known * grown / left, np.inf)
        result: Numbers = np.where(np.isinf(known), needed / (1 - share), student)
    return result
