"""Series on a common axis of time, as arrays; what is not known is NaN."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnosis.sources.evidence import Evidence, Labelled

Values = NDArray[np.float64]
"""A value per step of that axis."""

SERVICE = "service_name"
"""The label by which series are looked up most."""

SMOOTH = 10.0
"""Seconds over which shares of counts are taken: two exports of the services' metrics."""


class Row(NamedTuple):
    """One series: its labels and its values."""

    labels: Mapping[str, str]
    values: Values


class Window(NamedTuple):
    """A stretch of time in Unix seconds, its start excluded."""

    start: float
    end: float


class Periods(NamedTuple):
    """What is compared: a baseline, the period of the impact, and the affected steps in it.

    Faults may be intermittent: a signal in the affected steps says more than its mean over the period.
    """

    before: Window
    after: Window
    affected: NDArray[np.bool_]


class AlignedSeries:
    """The evidence's series by query name; missing ones are empty."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        count = int((evidence.end - evidence.start) / evidence.step + 1e-6) + 1
        self.times: Values = evidence.start + evidence.step * np.arange(count, dtype=np.float64)
        self._rows: dict[str, list[Row]] = {}
        self._of_service: dict[str, dict[str, list[Row]]] = {}
        self._growth: dict[str, list[Row]] = {}

    @cached_property
    def nothing(self) -> Values:
        """What an unknown series looks like."""
        return np.full(len(self.times), np.nan)

    def rows(self, query: str, **where: str) -> list[Row]:
        """The series of a query whose labels have these values."""
        if query not in self._rows:
            found = self.evidence.series.get(query, [])
            self._rows[query] = [Row(series.labels, self._place(series)) for series in found]
        candidates = self._rows[query]
        if SERVICE in where:
            candidates = self._by_service(query).get(where[SERVICE], [])
        return [row for row in candidates if _matches(row.labels, where)]

    def _by_service(self, query: str) -> Mapping[str, list[Row]]:
        if query not in self._of_service:
            found: defaultdict[str, list[Row]] = defaultdict(list)
            for row in self._rows[query]:
                found[row.labels.get(SERVICE, "")].append(row)
            self._of_service[query] = dict(found)
        return self._of_service[query]

    def one(self, query: str, **where: str) -> Values:
        """The sum of the matching series; NaN where none is known."""
        return total([row.values for row in self.rows(query, **where)], self.nothing)

    def growth(self, query: str, **where: str) -> list[Row]:
        """What raw counters grew by in each step; a series that begins later has grown from 0."""
        if query not in self._growth:
            self._growth[query] = [Row(labels, grown(values)) for labels, values in self.rows(query)]
        return [row for row in self._growth[query] if _matches(row.labels, where)]

    def share(self, query: str, is_part: Callable[[Mapping[str, str]], bool]) -> Values:
        """The share of a counter's growth that its series with fitting labels have, over SMOOTH seconds."""
        rows = self.growth(query)
        whole = total([row.values for row in rows], self.nothing)
        part = total([row.values for row in rows if is_part(row.labels)], np.zeros_like(whole))
        return self.ratio(part, whole)

    def ratio(self, part: Values, whole: Values, seconds: float = SMOOTH) -> Values:
        """Growth by growth, both over `seconds`; NaN where the whole did not grow."""
        steps = max(1, round(seconds / self.evidence.step))
        below = running_sum(whole, steps)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 0, running_sum(part, steps) / below, np.nan)

    def inside(self, window: Window) -> NDArray[np.bool_]:
        """Which steps are in a window."""
        return np.asarray((self.times > window.start) & (self.times <= window.end))

    def _place(self, series: Labelled) -> Values:
        values = self.nothing.copy()
        times, measured = series.values.T
        places = np.rint((times - self.evidence.start) / self.evidence.step).astype(np.int64)
        fits = (places >= 0) & (places < len(values)) & np.isfinite(measured)
        values[places[fits]] = measured[fits]
        return values


def total(rows: list[Values], otherwise: Values) -> Values:
    """The sum of series, NaN only where all of them are."""
    if not rows:
        return otherwise
    if len(rows) == 1:
        return rows[0]
    stacked = np.vstack(rows)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))


def grown(values: Values) -> Values:
    """The increase of a cumulative counter in each step, after a restart from 0. Gaps fall to their end."""
    known = np.flatnonzero(~np.isnan(values))
    increase = np.zeros_like(values)
    if len(known):
        steps = np.diff(values[known])
        increase[known[1:]] = np.where(steps >= 0, steps, values[known[1:]])
        if known[0] > 1:
            increase[known[0]] = values[known[0]]
    return increase


def running_sum(values: Values, steps: int) -> Values:
    """The sum of each step and those before it, `steps` in all; what is unknown counts 0."""
    summed = np.cumsum(np.nan_to_num(values))
    shifted = np.concatenate([np.zeros(min(steps, len(summed))), summed[:-steps]])
    return np.asarray(summed - shifted)


def _matches(labels: Mapping[str, str], where: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in where.items())


def points_of(aligned: AlignedSeries, values: Values, most: int) -> list[tuple[float, float]]:
    """At most `most` points of a series for a small chart, evenly chosen."""
    return list(_thin(aligned.times, values, most))


def _thin(times: Values, values: Values, most: int) -> Iterator[tuple[float, float]]:
    known = np.flatnonzero(np.isfinite(values))
    if len(known) > most:
        known = known[np.linspace(0, len(known) - 1, most).round().astype(np.int64)]
    for place in known:
        yield float(times[place]), float(f"{values[place]:.6g}")
