"""What is measured of a variant, and how sure that is: from sums, so that counters are enough.

Users are assigned, so users are what varies by chance: the requests of one are alike. A user's group is a
hash of the user, and groups are independent of each other; so the groups' sums tell how much a ratio of
sums varies, however alike a user's requests are (the bucket method: Chamandy, Muralidharan, Najmi and
Naidu, "Estimating uncertainty for massive data streams", 2012; the ratio by the delta method: Deng,
Knoblich and Lu, "Applying the delta method in metric analytics", KDD 2018). A group may also be a single
user.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from decisions.experiments.sequence import Numbers


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error, and the degrees of freedom with which that is known.

    Each is a number or an array, one entry for each look, say.
    """

    value: Numbers
    error: Numbers
    freedom: Numbers

    def minus(self, other: "Estimate") -> "Estimate":
        """The difference from an independent estimate; degrees of freedom after Welch and Satterthwaite."""
        own, others = self.error**2, other.error**2
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = (own + others) ** 2 / (own**2 / self.freedom + others**2 / other.freedom)
        known = np.where(np.isnan(freedom), np.inf, freedom)
        return Estimate(self.value - other.value, np.sqrt(own + others), known)

    def log(self) -> "Estimate":
        """Its logarithm, by the delta method; unknown where the value is not above 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(self.value > 0, np.log(self.value), np.nan)
            return Estimate(value, self.error / np.abs(self.value), self.freedom)


def ratio_of_sums(sums: ArrayLike, counts: ArrayLike) -> Estimate:
    """Σ sums / Σ counts, such as hits by requests or seconds by requests; groups are the last axis.

    Its standard error holds whatever the requests of a group have in common. Groups without counts are left
    out; with fewer than two others nothing is known of the error.
    """
    summed, counted = np.asarray(sums, float), np.asarray(counts, float)
    whole = counted.sum(-1)
    groups = (counted > 0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = summed.sum(-1) / whole
        residuals = summed - value[..., None] * counted
        variance = groups / (groups - 1) * (residuals**2).sum(-1) / whole**2
    return Estimate(value, np.sqrt(np.where(groups > 1, variance, np.inf)), np.maximum(groups - 1.0, 0.0))


def mean_of_values(count: ArrayLike, total: ArrayLike, squares: ArrayLike) -> Estimate:
    """A mean from the number, sum and sum of squares of independent values, one for each user, say.

    For requests it holds only where the requests of a user have nothing in common.
    """
    n, summed = np.asarray(count, float), np.asarray(total, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = summed / n
        variance = np.maximum(np.asarray(squares, float) - n * value**2, 0.0) / (n - 1)
        return Estimate(value, np.sqrt(np.where(n > 1, variance / n, np.inf)), np.maximum(n - 1, 0.0))


def quantile_of_histogram(
    quantile: float, below: Callable[[Numbers], Estimate], inverse: Callable[[Numbers], Numbers]
) -> Estimate:
    """A quantile (0–1) by the share of values below it and how sure that share is (Woodruff, JASA 47, 1952).

    `below(x)` estimates the share of values up to x; `inverse(share)` is the value below which a share lies.
    """
    value = inverse(np.asarray(quantile, float))
    share = below(value)
    low, high = (inverse(np.clip(quantile + side * share.error, 0.0, 1.0)) for side in (-1, 1))
    return Estimate(value, (high - low) / 2, share.freedom)
