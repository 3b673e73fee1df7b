"""What is measured of a variant, and how sure that is: from sums, so that counters are enough.

Users are assigned, so users are what varies by chance: the requests of one are alike. A user's group is a
hash of the user, and groups are independent of each other; so the groups' sums tell how much a ratio of
sums varies, however alike a user's requests are (the bucket method: Chamandy, Muralidharan, Najmi and
Naidu, "Estimating uncertainty for massive data streams", 2012; the ratio by the delta method: Deng,
Knoblich and Lu, "Applying the delta method in metric analytics", KDD 2018). A group may also be a single
user.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from decisions.experiments.sequence import Numbers


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error, and the degrees of freedom with which that is known.

    `lasting` is the part of the error that more requests of the same users do not take away: it comes of
    which users a variant has. Each is a number or an array, one entry for each look, say.
    """

    value: Numbers
    error: Numbers
    freedom: Numbers
    lasting: Numbers

    def minus(self, other: "Estimate") -> "Estimate":
        """The difference from an independent estimate; degrees of freedom after Welch and Satterthwaite."""
        own, others = self.error**2, other.error**2
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = (own + others) ** 2 / (own**2 / self.freedom + others**2 / other.freedom)
        known = np.where(np.isnan(freedom), np.inf, freedom)
        lasting = np.hypot(self.lasting, other.lasting)
        return Estimate(self.value - other.value, np.hypot(self.error, other.error), known, lasting)

    def log(self) -> "Estimate":
        """Its logarithm, by the delta method; unknown where the value is not above 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(self.value > 0, np.log(self.value), np.nan)
            return Estimate(value, self.error / self.value, self.freedom, self.lasting / self.value)


UNKNOWN = Estimate(*(np.array(of) for of in (np.nan, np.inf, 0.0, 0.0)))
"""Of nothing."""


def ratio_of_sums(sums: ArrayLike, counts: ArrayLike, *, events: bool = False) -> Estimate:
    """Σ sums / Σ counts, such as seconds by requests; groups are the last axis.

    Its standard error holds whatever the requests of a group have in common. Groups without counts are left
    out; with fewer than two others nothing is known of the error. `events` says that each request adds 0 or
    1: then what requests alone would make of the error is known, and the rest is lasting.
    """
    summed, counted = np.asarray(sums, float), np.asarray(counts, float)
    whole = counted.sum(-1)
    groups = (counted > 0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = summed.sum(-1) / whole
        residuals = summed - value[..., None] * counted
        variance = groups / (groups - 1) * (residuals**2).sum(-1) / whole**2
        of_requests = value * (1 - value) / whole if events else variance
    error = np.sqrt(np.where(groups > 1, variance, np.inf))
    lasting = np.sqrt(np.maximum(variance - of_requests, 0.0))
    return Estimate(value, error, np.maximum(groups - 1.0, 0.0), lasting)


def mean_of_values(count: ArrayLike, total: ArrayLike, squares: ArrayLike) -> Estimate:
    """A mean from the number, sum and sum of squares of independent values, one for each user, say.

    For requests it holds only where the requests of a user have nothing in common.
    """
    n, summed = np.asarray(count, float), np.asarray(total, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = summed / n
        variance = np.maximum(np.asarray(squares, float) - n * value**2, 0.0) / (n - 1)
        error = np.sqrt(np.where(n > 1, variance / n, np.inf))
    return Estimate(value, error, np.maximum(n - 1, 0.0), np.zeros_like(error))


def around(quantile: float, share: Estimate) -> tuple[Numbers, Numbers]:
    """The quantiles (0–1) a standard error of `share`, the share of values below it, away from a quantile."""
    error = np.nan_to_num(share.error, nan=1.0, posinf=1.0)
    return np.clip(quantile - error, 0.0, 1.0), np.clip(quantile + error, 0.0, 1.0)


def quantile_of_shares(share: Estimate, value: ArrayLike, low: ArrayLike, high: ArrayLike) -> Estimate:
    """A quantile with the values of those `around` it: half their distance is its standard error.

    R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA 47, 1952.
    """
    error = (np.asarray(high, float) - np.asarray(low, float)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(share.error > 0, share.lasting / share.error, 0.0)
    return Estimate(np.asarray(value, float), error, share.freedom, error * part)
