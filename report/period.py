"""The period of a report, and the steps of its curves."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus.client import Answers, Request, query_range_batch

POINTS = 360
"""At most so many points in a curve; more cannot be told apart on paper."""

SHORTEST, LONGEST = 300, 92 * 86_400
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_STEPS = (30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
_RATE_WINDOW = 60


class BadPeriod(ValueError):
    """A period that cannot be reported on; the message says what is allowed."""


@dataclass(frozen=True)
class Period:
    """From `start` to `end`, unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def step(self) -> int:
        """Seconds between the points of a curve: a round number that gives at most POINTS of them."""
        return next((step for step in _STEPS if self.seconds / step <= POINTS), _STEPS[-1])

    @property
    def window(self) -> str:
        """What a point of a curve looks back on, as PromQL writes it."""
        return f"{max(self.step, _RATE_WINDOW)}s"

    @property
    def whole(self) -> str:
        """The whole period, as PromQL writes it."""
        return f"{math.ceil(self.seconds)}s"

    def grid(self, step: int | None = None) -> list[float]:
        """The ends of the steps that cover the period, the last at its end; by default of `self.step`."""
        length = step or self.step
        count = math.ceil(self.seconds / length)
        return [self.end - number * length for number in reversed(range(count))]

    def clip(self, start: float, end: float) -> "Period | None":
        """The part of `start` to `end` that is in the period, None if there is none."""
        inside = Period(max(self.start, start), min(self.end, end))
        return inside if inside.seconds > 0 else None


def query_period(queries: Mapping[str, str], period: Period, step: int | None = None) -> Request[Answers]:
    """Each PromQL at the ends of the period's steps."""
    ends = period.grid(step)
    return query_range_batch(queries, ends[0], ends[-1], step or period.step)


def parse_length(text: str) -> int:
    """Seconds of a length such as 30m, 12h, 7d or 4w. Raises BadPeriod."""
    found = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not SHORTEST <= seconds <= LONGEST:
        raise BadPeriod(f"{text!r} is not a period: write 5m to 92d, such as 30m, 12h, 7d or 4w")
    return seconds


def utc(seconds: float) -> datetime:
    """A moment from unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
