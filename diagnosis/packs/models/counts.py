"""What was counted of each watched model: how much each counter grew by, step by step."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diagnosis.packs.models.queries import COUNTS, FEATURES, NAME
from diagnosis.signals.series import AlignedSeries, Row, Values
from diagnosis.topology.entity import Entity, Kind
from prometheus.series import Series, models
from prometheus.series.recorded import MODEL_MEASURE

KIND = "model"
"""What a watched model is, as an entity."""

FEWEST = 40
"""Counts below which nothing is told of them."""

Labels = Mapping[str, str]

_LEVELS = frozenset({models.REFERENCE_VALUES.name, MODEL_MEASURE.name})
"""Gauges among what is asked."""


@dataclass(frozen=True)
class Counts:
    """One model of a service: its series by their names, counters as what they grew by in each step."""

    aligned: AlignedSeries
    service: str
    name: str
    series: Mapping[str, Sequence[Row]]

    @property
    def entity(self) -> Entity:
        return Entity(KIND, f"{self.name}@{self.service}")

    @property
    def of_service(self) -> Entity:
        return Entity(Kind.SERVICE, self.service)

    def rows(self, of: Series, **where: str | Collection[str]) -> list[Row]:
        """Rows whose labels have the value, or one of the values."""
        return [row for row in self.series.get(of.name, ()) if _matches(row.labels, where)]

    def sum(self, of: Series, **where: str | Collection[str]) -> Values:
        """What the matching rows grew by together."""
        return add([row.values for row in self.rows(of, **where)], self.aligned)

    def values_of(self, of: Series, label: str) -> list[str]:
        """The values that a label has, sorted; the empty one stands for none."""
        return sorted({row.labels.get(label, "") for row in self.series.get(of.name, ())})

    @cached_property
    def predictions(self) -> Values:
        return self.sum(models.PREDICTIONS)

    @cached_property
    def segments(self) -> list[str]:
        """Those of which there is enough to tell anything; what is no segment is left out."""
        found = {row.labels.get("segment", "") for row in self.rows(models.PREDICTIONS)} - {""}
        return sorted(name for name in found if self.sum(models.PREDICTIONS, segment=name).sum() >= FEWEST)

    @cached_property
    def labels(self) -> Values:
        return self.sum(models.LABELS)

    @cached_property
    def delay(self) -> float:
        """Seconds until half of the labels are known, as it was first measured; 0 where it is not known."""
        known = [row.values[np.isfinite(row.values)] for row in self.rows(MODEL_MEASURE)]
        return max((float(values[0]) for values in known if len(values)), default=0.0)


def read_models(aligned: AlignedSeries, services: Collection[str]) -> list[Counts]:
    """The watched models of these services, sorted."""
    found: defaultdict[tuple[str, str], defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for query in (COUNTS, FEATURES):
        for labels, values in aligned.rows(query):
            model = labels.get("service_name", ""), labels.get("model_name", "")
            if model[0] in services:
                name = labels.get(NAME, "")
                found[model][name].append(Row(labels, values if name in _LEVELS else _grown(values)))
    return [Counts(aligned, *model, found[model]) for model in sorted(found)]


def add(values: Sequence[Values], aligned: AlignedSeries) -> Values:
    return np.sum(values, axis=0) if values else np.zeros_like(aligned.times)


def _grown(values: Values) -> Values:
    """The increase of a sum of counters in each step; it falls where one of several processes ends.

    One that begins later has grown from 0.
    """
    known = np.flatnonzero(np.isfinite(values))
    increase = np.zeros_like(values)
    if len(known):
        increase[known[1:]] = np.maximum(np.diff(values[known]), 0.0)
        if known[0] > 1:
            increase[known[0]] = values[known[0]]
    return increase


def _matches(labels: Labels, where: Mapping[str, str | Collection[str]]) -> bool:
    for name, wanted in where.items():
        value = labels.get(name, "")
        if value != wanted if isinstance(wanted, str) else value not in wanted:
            return False
    return True


def spread(
    counts: Counts, of: Series, label: str, **where: str | Collection[str]
) -> Iterator[tuple[str, Values]]:
    """What the rows with each value of a label grew by together."""
    found: defaultdict[str, list[Values]] = defaultdict(list)
    for row in counts.rows(of, **where):
        found[row.labels.get(label, "")].append(row.values)
    for value in sorted(found):
        yield value, add(found[value], counts.aligned)
