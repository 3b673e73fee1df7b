"""Evidence is collected and a verdict is reached, without ever holding up the rest of the service."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from diagnosis import Limits, Verdict, diagnose
from diagnosis.sources.evidence import Evidence
from diagnosis.sources.live import collect
from diagnosis.topology.engine import diagnose_services
from diagnosis.topology.live import collect_services
from prometheus.client import AsyncClient, SourceAway, query
from services.incidents.incident import STACK
from telemetry.instruments import RECOMMENDATION_REQUESTS

AT_ONCE = 2
LIMIT = 15.0
"""Seconds for one diagnosis, the wait for its turn included."""

EXPLAINED = frozenset({"", RECOMMENDATION_REQUESTS.service})
"""Services of which the diagnosis of the stack knows all that topology tells, and more."""

Reach = Callable[[], Verdict]
"""Reaches a verdict about evidence that was read."""

Read = Callable[[float, float, float | None, float | None], Awaitable[Reach]]
"""Reads the evidence between two Unix times, for an alert and after a trouble that began at the others."""


class Explain(Protocol):
    """Reaches a verdict about a window (unix seconds), for these services. Raises SourceAway.

    An empty name is the stack; so is no service at all. `after` is when an earlier trouble began, of which
    this may be a part or not.
    """

    async def __call__(
        self,
        start: float,
        end: float,
        alerted_at: float | None = None,
        services: Collection[str] = (),
        after: float | None = None,
    ) -> Verdict: ...


class DiagnosisClient:
    """At most AT_ONCE diagnoses at a time, in a thread of their own."""

    def __init__(self, prometheus: AsyncClient, jaeger: AsyncClient, limits: Limits) -> None:
        self._prometheus = prometheus
        self._jaeger = jaeger
        self._limits = limits
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._thread = CapacityLimiter(1)

    async def __call__(
        self,
        start: float,
        end: float,
        alerted_at: float | None = None,
        services: Collection[str] = (),
        after: float | None = None,
    ) -> Verdict:
        """Ask Prometheus and Jaeger, and diagnose. Raises SourceAway: without metrics there is no verdict."""
        try:
            async with asyncio.timeout(LIMIT), self._turns:
                await self._prometheus.ask(query("vector(1)"))
                chosen = self._choose(frozenset(services))
                ways = [await read(start, end, alerted_at, after) for read in chosen]
                verdicts = [await to_thread.run_sync(reach, limiter=self._thread) for reach in ways]
                return min(verdicts, key=_place)
        except TimeoutError:
            raise SourceAway(f"The evidence could not be read within {LIMIT:.0f} s.") from None

    def _choose(self, services: frozenset[str]) -> list[Read]:
        """The stack as such if it is concerned, then services by topology."""
        others = services - EXPLAINED
        by_topology = partial(self._read_services, others)
        if STACK.isdisjoint(services or EXPLAINED):
            return [by_topology]
        return [self._read_stack, by_topology] if others else [self._read_stack]

    async def _read_stack(
        self, start: float, end: float, alerted_at: float | None, after: float | None
    ) -> Reach:
        evidence = await collect(self._prometheus, self._jaeger, start, end, self._limits)
        _expect_series(evidence)
        return partial(diagnose, evidence, alerted_at=alerted_at, after=after)

    async def _read_services(
        self,
        services: Collection[str],
        start: float,
        end: float,
        alerted_at: float | None,
        after: float | None,
    ) -> Reach:
        evidence, addresses = await collect_services(self._prometheus, self._jaeger, start, end)
        _expect_series(evidence)
        return partial(diagnose_services, evidence, addresses, services, alerted_at=alerted_at, after=after)


def _place(verdict: Verdict) -> int:
    """A cause comes first; `none` last, for it is right only if all of them say so."""
    return {"none": 2, "unknown": 1}.get(verdict.domain, 0)


def _expect_series(evidence: Evidence) -> None:
    if not evidence.series:
        raise SourceAway("Prometheus answered none of the questions about this time.")
