"""The kind of each metric: a gauge and a histogram of one name would be one series of both."""

from typing import NamedTuple

MEMORY = 300 * 1_000_000_000
"""Nanoseconds, as long as Prometheus looks back, after which a metric may come back as another kind."""
METRICS = 1 << 15
"""That are remembered."""


class _Known(NamedTuple):
    kind: str
    seen: int


class Kinds:
    """The kinds seen lately."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def fits(self, metric: int, kind: str, now: int) -> bool:
        """Whether a metric, by its hash, is of the kind that came first; `now` in ns."""
        known = self._known.pop(metric, None)  # the first is the one not seen for longest
        fits = known is None or known.kind == kind or now - known.seen > MEMORY
        self._known[metric] = known if known and not fits else _Known(kind, now)
        if len(self._known) > METRICS:
            del self._known[next(iter(self._known))]
        return fits
