"""Less variance by what was known of users before the experiment.

Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data" (CUPED), WSDM 2013.
"""

from dataclasses import dataclass

import numpy as np

from decisions.experiments.estimates import UNKNOWN, Estimate


@dataclass(frozen=True)
class Products:
    """Sums over users of their metric y in the experiment and x, the same before it."""

    users: float
    x: float
    y: float
    xx: float
    xy: float
    yy: float

    @property
    def within(self) -> tuple[float, float, float]:
        """Variance of x, covariance, variance of y; of one user and no user 0."""
        rest = self.users - 1
        if rest <= 0:
            return 0.0, 0.0, 0.0
        return (
            (self.xx - self.x**2 / self.users) / rest,
            (self.xy - self.x * self.y / self.users) / rest,
            (self.yy - self.y**2 / self.users) / rest,
        )


def adjust(variants: dict[str, Products]) -> dict[str, Estimate]:
    """The mean of y of each variant, as if all variants had had the same users before.

    One slope for all: the covariance by the variance of x, pooled within the variants. Without any variance
    of x the means stay as they are. Their differences are what is estimated better, not the means
    themselves.
    """
    of_x, of_both = (
        sum(each.within[part] * max(each.users - 1, 0) for each in variants.values()) for part in (0, 1)
    )
    slope = of_both / of_x if of_x > 0 else 0.0
    users = sum(each.users for each in variants.values())
    centre = sum(each.x for each in variants.values()) / max(users, 1)
    return {name: _adjust(each, slope, centre) for name, each in variants.items()}


def _adjust(of: Products, slope: float, centre: float) -> Estimate:
    x, xy, y = of.within
    if of.users < 2:
        return UNKNOWN
    value = of.y / of.users - slope * (of.x / of.users - centre)
    variance = max(y - 2 * slope * xy + slope**2 * x, 0.0) / of.users
    return Estimate(np.array(value), np.array(np.sqrt(variance)), np.array(of.users - 1), np.array(0.0))
