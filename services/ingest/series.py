"""How many series each service has, and which of its metrics and attributes has most of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
    """The metric of a service with most series, and its attribute with most values."""

    metric: str
    attribute: str


Values = Sequence[tuple[str, int]]
"""Attribute keys with a hash of their values."""


@dataclass(slots=True)
class _Generation:
    series: set[int] = field(default_factory=set)
    metrics: Counter[str] = field(default_factory=Counter)
    values: dict[str, dict[str, bytearray]] = field(default_factory=dict)

    def add(self, metric: str, series: int, values: Callable[[], Values]) -> None:
        self.series.add(series)
        self.metrics[metric] += 1
        if self.metrics[metric] > SKETCH_FROM:
            self._sketch(metric, values())

    def discard(self, metric: str, series: int) -> None:
        self.series.discard(series)
        self.metrics[metric] -= 1

    def distinct(self, metric: str) -> dict[str, int]:
        """Bits set by attribute: more values set more of them (linear counting)."""
        sketches = self.values.get(metric, {})
        return {key: int.from_bytes(bits).bit_count() for key, bits in sketches.items()}

    def _sketch(self, metric: str, values: Values) -> None:
        sketches = self.values.setdefault(metric, {})
        for key, value in values:
            if key in sketches or len(sketches) < ATTRIBUTES:
                bits = sketches.setdefault(key, bytearray(SKETCH_BITS // 8))
                bits[value % SKETCH_BITS >> 3] |= 1 << (value & 7)


class _Service:
    def __init__(self) -> None:
        self.new, self.old = _Generation(), _Generation()

    def __len__(self) -> int:
        return len(self.new.series) + len(self.old.series)

    def turn(self) -> None:
        self.new, self.old = _Generation(), self.new

    def culprit(self) -> Culprit:
        metrics = self.new.metrics + self.old.metrics
        metric = max(metrics, key=lambda name: metrics[name], default="")
        distinct = Counter(self.new.distinct(metric)) | Counter(self.old.distinct(metric))
        return Culprit(metric, max(distinct, key=lambda key: distinct[key], default=""))


class SeriesLimit:
    """Admits `each` series of a service; above `in_all`, no new ones beyond a service's equal share."""

    def __init__(self, each: int, in_all: int, clock: Callable[[], float]) -> None:
        self._each = each
        self._in_all = in_all
        self._clock = clock
        self._turned = clock()
        self._services: dict[str, _Service] = {}
        self._total = 0

    def admits(self, service: str, metric: str, series: int, values: Callable[[], Values]) -> bool:
        """Whether the series is known or there is room for it; `values` are asked for when it is new."""
        counted = self._service(service)
        if series in counted.new.series:
            return True
        if series in counted.old.series:
            counted.old.discard(metric, series)
        elif self._has_room(counted):
            self._total += 1
        else:
            return False
        counted.new.add(metric, series, values)
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
