"""The RED signals of an entity or a call: rate, errors, duration."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnosis.signals.series import Values

Mask = NDArray[np.bool_]


class Sides(NamedTuple):
    """The steps that are compared: those of normal time, and those of the impact."""

    before: Mask
    after: Mask


@dataclass(frozen=True)
class Traffic:
    """A value per step, NaN where unknown: requests per second, and the share of them that failed (0–1).

    `seconds`, `median` and `slowest` are the mean, median and 99th percentile of their durations.
    """

    rate: Values
    failed: Values
    seconds: Values | None = None
    median: Values | None = None
    slowest: Values | None = None

    def level(self, values: Values | None, where: Mask) -> float:
        """The mean of a value over these steps, each request with the same weight; NaN if none is known."""
        if values is None:
            return float("nan")
        weights = np.where(np.isfinite(values), np.nan_to_num(self.rate), 0.0)[where]
        if not weights.sum():
            return float("nan")
        return float(np.average(np.nan_to_num(values[where]), weights=weights))

    def requests(self, where: Mask) -> float:
        """Requests per second in these steps, since the first that is known; one without a value has none."""
        rate = self.rates(where)
        return float(rate.mean()) if len(rate) else 0.0

    def rates(self, where: Mask) -> Values:
        """Those of these steps since it is known; 0 where it is not."""
        known = np.logical_or.accumulate(np.isfinite(self.rate))
        return np.nan_to_num(self.rate[where & known])
