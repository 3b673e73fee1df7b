"""What the engine knows of a pack: causes of their own for what sends certain telemetry."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.verdict.verdict import Verdict
from prometheus.client import AsyncClient

Collect = Callable[[AsyncClient, AsyncClient, float, float, Mapping[str, float]], Awaitable[Evidence]]
"""Reads the time between two Unix times from Prometheus and Jaeger, by limits."""


@dataclass(frozen=True)
class Pack:
    """A pack may have to do with the trouble of `services`; of those that it `explains` it knows more than
    topology tells, and takes its place. Its `series` are the results that there are of nobody else.

    `examine` has the verdict on a window with an alert (Unix seconds), None where too little is known.
    """

    services: frozenset[str]
    explains: frozenset[str]
    series: frozenset[str]
    collect: Collect
    examine: Callable[[AlignedSeries, float | None], Verdict | None]

    def concerns(self, services: Collection[str]) -> bool:
        """Whether it has to be asked about the trouble of these; of none in particular, it has."""
        return not services or "" in services or not self.services.isdisjoint(services)

    def is_seen(self, evidence: Evidence) -> bool:
        """Whether there is any telemetry of its own."""
        return any(evidence.series.get(name) for name in self.series)


def find_others(services: Iterable[str], packs: Iterable[Pack]) -> frozenset[str]:
    """The services that none of these packs explains."""
    return frozenset(services).difference([""], *(pack.explains for pack in packs))
