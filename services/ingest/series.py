"""How many series each service has, and which of its metrics and attributes has most of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import log
from operator import itemgetter, or_
from typing import NamedTuple

from services.ingest.senders import OTHER

PERIOD = 3600.0
"""Seconds. A series that had no point in this period and the one before is forgotten."""

SERVICES = 512
"""Services that are counted one by one; later ones share a count."""

SKETCH_FROM = 32
"""Series of a metric from which its attributes' values are told apart."""
SKETCH_BITS = 1 << 13
ATTRIBUTES = 32
"""Attributes of a metric that are looked at."""


class Culprit(NamedTuple):
    """The metric of a service with most series, and the attribute without which it would have fewest."""

    metric: str
    attribute: str


Values = Sequence[tuple[str, int]]
"""Keys with a hash of their values."""


class Described(NamedTuple):
    """What a series has from its process, such as service.instance.id, and from its point."""

    labels: Values
    attributes: Values


Describe = Callable[[], Described]
Sketch = bytearray
"""A bit for each of SKETCH_BITS; a value sets one of them."""


def _sketch() -> Sketch:
    return bytearray(SKETCH_BITS // 8)


def _add(sketch: Sketch, value: int) -> None:
    sketch[value % SKETCH_BITS >> 3] |= 1 << (value & 7)


def _count(*sketches: Sketch) -> float:
    """How many values differ: linear counting, https://doi.org/10.1145/78922.78925."""
    set_ = reduce(or_, map(int.from_bytes, sketches)).bit_count()
    return SKETCH_BITS * log(SKETCH_BITS / max(SKETCH_BITS - set_, 1))


def _add_all(sketches: dict[str, Sketch], values: Values) -> None:
    for key, value in values:
        if key in sketches or len(sketches) < ATTRIBUTES:
            _add(sketches.setdefault(key, _sketch()), value)


def _find_most(*generations: Mapping[str, Sketch]) -> tuple[str, float]:
    """The key with most values, and how many; an empty one without any."""
    keys = {key for each in generations for key in each}
    counts = {key: _count(*(each[key] for each in generations if key in each)) for key in keys}
    return max(counts.items(), key=itemgetter(1), default=("", 0.0))


@dataclass(slots=True)
class _Generation:
    series: set[int] = field(default_factory=set)
    metrics: Counter[str] = field(default_factory=Counter)
    values: dict[str, dict[str, Sketch]] = field(default_factory=dict)
    labels: dict[str, Sketch] = field(default_factory=dict)
    alike: Sketch = field(default_factory=_sketch)
    """Series as they would be without labels: each once, however many processes have it."""

    def add(self, metric: str, series: int, describe: Describe) -> None:
        self.series.add(series)
        self.metrics[metric] += 1
        described = describe()
        _add(self.alike, hash((metric, frozenset(described.attributes))))
        _add_all(self.labels, described.labels)
        if self.metrics[metric] > SKETCH_FROM:
            _add_all(self.values.setdefault(metric, {}), described.attributes)

    def discard(self, metric: str, series: int) -> None:
        self.series.discard(series)
        self.metrics[metric] -= 1


class _Service:
    def __init__(self) -> None:
        self.new, self.old = _Generation(), _Generation()

    def __len__(self) -> int:
        return len(self.new.series) + len(self.old.series)

    def turn(self) -> None:
        self.new, self.old = _Generation(), self.new

    def culprit(self) -> Culprit:
        """The largest metric and an attribute of it, or a label if more series are another process' again."""
        metrics = self.new.metrics + self.old.metrics
        metric = max(metrics, key=lambda name: metrics[name], default="")
        attribute, values = _find_most(self.new.values.get(metric, {}), self.old.values.get(metric, {}))
        label, processes = _find_most(self.new.labels, self.old.labels)
        repeated = len(self) - _count(self.new.alike, self.old.alike)
        saved = metrics[metric] * (1 - 1 / max(values, 1))
        return Culprit(metric, label if processes >= 2 and repeated > saved else attribute)


class SeriesLimit:
    """Admits `each` series of a service; above `in_all`, no new ones beyond a service's equal share."""

    def __init__(self, each: int, in_all: int, clock: Callable[[], float]) -> None:
        self._each = each
        self._in_all = in_all
        self._clock = clock
        self._turned = clock()
        self._services: dict[str, _Service] = {}
        self._total = 0

    def admits(self, service: str, metric: str, series: int, describe: Describe) -> bool:
        """Whether the series is known or there is room for it; it is described when it is new."""
        counted = self._service(service)
        if series in counted.new.series:
            return True
        if series in counted.old.series:
            counted.old.discard(metric, series)
        elif self._has_room(counted):
            self._total += 1
        else:
            return False
        counted.new.add(metric, series, describe)
        return True

    def culprit(self, service: str) -> Culprit:
        """What makes so many series."""
        return self._service(service).culprit()

    def turn(self) -> bool:
        """Forget the series of a period before the last, when it is time; whether it was."""
        now = self._clock()
        if now - self._turned < PERIOD:
            return False
        self._turned = now
        for service in self._services.values():
            service.turn()
        self._services = {name: service for name, service in self._services.items() if len(service)}
        self._total = sum(len(service) for service in self._services.values())
        return True

    def counts(self) -> Iterator[tuple[str, int]]:
        """Series by service."""
        for name, service in list(self._services.items()):
            yield name, len(service)

    def _service(self, name: str) -> _Service:
        found = self._services.get(name)
        if found is None:
            key = name if len(self._services) < SERVICES else OTHER
            found = self._services.setdefault(key, _Service())
        return found

    def _has_room(self, service: _Service) -> bool:
        within_share = len(service) < self._in_all // len(self._services)
        return len(service) < self._each and (self._total < self._in_all or within_share)
