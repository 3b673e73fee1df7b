"""How large a distance has to be to mean something: the same with 100 samples as with 100,000.

A distance of samples is larger than that of the distributions they are from, by chance alone, and the more so
the fewer they are. So it is not the distance that is compared with the limit of what matters, but the limit
is raised to what samples of distributions that are just as far apart reach with probability α (a minimum-
effect test: Murphy and Myors, 1999). At that drift an alert is as likely with many samples as with few; with
less drift it is less likely.

Locally, N · PSI, 8 N · JS divergence in nats and Pearson's χ² are the same: χ² with b - 1 degrees of freedom
and the non-centrality N · PSI of the distributions, where N = n m / (n + m).
"""

from math import erfc, exp, log, pi, sqrt

import numpy as np

ONE_IN_TWENTY = 1.6448536269514722
"""Standard normal quantile of 1 - α for α = 5%."""


def effective_size(n: float, m: float) -> float:
    """The N of samples of n and m."""
    return n * m / (n + m)


def expected_stability(bins: int, n: float, m: float) -> float:
    """The mean population stability index of samples of one distribution (Yurdakul and Naranjo, 2020)."""
    return (bins - 1) / effective_size(n, m)


def stability_limit(limit: float, bins: int, n: float, m: float, z: float = ONE_IN_TWENTY) -> float:
    """What the index of samples exceeds with probability α if that of their distributions is `limit`.

    `bins` are those that are not empty in both.
    """
    return chi_square_limit(limit, bins, n, m, z) / effective_size(n, m)


def chi_square_limit(limit: float, bins: int, n: float, m: float, z: float = ONE_IN_TWENTY) -> float:
    """What Pearson's χ² of samples exceeds with probability α if the stability index is `limit`."""
    return noncentral_quantile(bins - 1, effective_size(n, m) * limit, z)


def jensen_shannon_limit(limit: float, bins: int, n: float, m: float, z: float = ONE_IN_TWENTY) -> float:
    """The same of the Jensen-Shannon distance."""
    per_bit = 8 * log(2)
    return sqrt(stability_limit(per_bit * limit**2, bins, n, m, z) / per_bit)


def kolmogorov_smirnov_limit(limit: float, n: float, m: float, alpha: float = 0.05) -> float:
    """What the Kolmogorov-Smirnov statistic exceeds with probability α at most.

    By the triangle inequality and Massart's bound (1990).
    """
    return limit + sqrt(log(2 / alpha) / (2 * effective_size(n, m)))


def noncentral_quantile(freedom: float, noncentrality: float, z: float) -> float:
    """The quantile of non-central χ² at the standard normal quantile z, by Sankaran's approximation (1963).

    Within .5% at z = 1.64 for 4 degrees of freedom or more.
    """
    k, n = freedom, noncentrality
    h = 1 - 2 / 3 * (k + n) * (k + 3 * n) / (k + 2 * n) ** 2
    p = (k + 2 * n) / (k + n) ** 2
    m = (h - 1) * (1 - 3 * h)
    mean = 1 + h * p * (h - 1 - 0.5 * (2 - h) * m * p)
    deviation = h * sqrt(2 * p) * (1 + 0.5 * m * p)
    return float((k + n) * max(0.0, mean + z * deviation) ** (1 / h))


def chi_square_probability(statistic: float, freedom: int) -> float:
    """The probability of a χ² that is larger, in closed form for whole degrees of freedom ≥ 1."""
    half = statistic / 2
    if freedom % 2 == 0:
        term = total = exp(-half)
        for number in range(1, freedom // 2):
            term *= half / number
            total += term
        return min(1.0, total)
    total = erfc(sqrt(half))
    term = exp(-half) * sqrt(half / pi) * 2
    for number in range(1, (freedom - 1) // 2 + 1):
        total += term
        term *= half / (number + 0.5)
    return min(1.0, total)


def kolmogorov_probability(statistic: float, n: float, m: float) -> float:
    """The asymptotic probability of a larger Kolmogorov-Smirnov statistic of samples of n and m.

    With binned values it is too large: the test is on the safe side.
    """
    scaled = statistic * sqrt(effective_size(n, m))
    if scaled < 0.04:  # beyond what a float64 tells from 1
        return 1.0
    if scaled < 1:
        odd = (2 * np.arange(1, 10) - 1) ** 2
        return float(1 - sqrt(2 * pi) / scaled * np.sum(np.exp(-odd * pi**2 / (8 * scaled**2))))
    terms = np.arange(1, 20)
    return float(2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * terms**2 * scaled**2)))


def wilson_interval(successes: float, trials: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Interval of a share (Wilson, 1927), of 95% by default; 0 to 1 without trials."""
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, z**2
    centre = (successes + square / 2) / (trials + square)
    half = z / (trials + square) * sqrt(trials * share * (1 - share) + square / 4)
    return max(0.0, centre - half), min(1.0, centre + half)
