"""How sure a share is that comes from few runs."""

import math
from typing import NamedTuple

from prometheus.quantities import wilson_interval


class Share(NamedTuple):
    """`of` runs, `right` of which were so; 95% of such intervals hold the true share."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """The share (0–1); NaN of nothing."""
        return self.right / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval; 0–1 of nothing."""
        if not self.of:
            return 0.0, 1.0
        return wilson_interval(self.right, self.of)

    def __str__(self) -> str:
        if not self.of:
            return "–"
        low, high = self.interval
        return f"{self.value:.0%} ({self.right}/{self.of}, {low:.0%}–{high:.0%})"


def share_of(flags: list[bool]) -> Share:
    """How many of the flags are set."""
    return Share(sum(flags), len(flags))
