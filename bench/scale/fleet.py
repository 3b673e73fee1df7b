"""Made-up services: how many processes, and who has which spans of a request."""

from dataclasses import dataclass
from functools import cached_property

from bench.pipeline.points import SERIES
from bench.pipeline.spans import SHAPES, Process
from stack.size.measurements import Load

REPLICAS = 2
"""Processes of a service."""

EXPORT, INTERVAL = 5.0, 15.0
"""Seconds between two exports of a process, of spans and of metrics."""

ROLES = tuple(dict.fromkeys(shape["service"] for shape in SHAPES))


@dataclass(frozen=True)
class Fleet:
    """So many services. Every four are a system in which a request goes through all of them.

    With fewer than four, or where the last four are not whole, a service has more than one of their parts.
    """

    services: int

    @property
    def processes(self) -> int:
        return self.services * REPLICAS

    @property
    def systems(self) -> int:
        """How many requests are under way that know nothing of each other."""
        return -(-self.services // len(ROLES))

    def place(self, trace: int, service: str) -> Process:
        """Which process has the spans that a trace's service has in SHAPES."""
        system, turn = trace % self.systems, trace // self.systems
        role = ROLES.index(service)
        number = system * len(ROLES) + role
        chosen = number if number < self.services else role % self.services
        return Process(f"service-{chosen}", turn % REPLICAS)

    @cached_property
    def operations(self) -> int:
        """The kinds of spans of each process, counted over all processes."""
        found = {
            (self.place(trace, shape["service"]), number)
            for trace in range(self.systems * REPLICAS)
            for number, shape in enumerate(SHAPES)
        }
        return len(found)

    def load(self, rate: float) -> Load:
        """What it sends at so many requests per second."""
        own_series = self.processes * SERIES
        return Load(
            rate=rate,
            spans=rate * len(SHAPES),
            points=own_series / INTERVAL,
            processes=self.processes,
            own_series=own_series,
            operations=self.operations,
        )
