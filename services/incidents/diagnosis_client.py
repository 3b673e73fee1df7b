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
from diagnosis.topology.traces import add_traces
from prometheus.client import AsyncClient, SourceAway, query
from services.incidents.incident import STACK
from services.incidents.waves import rank_domain
from telemetry.instruments import RECOMMENDATION_REQUESTS

AT_ONCE = 2
LIMIT = 15.0
"""Seconds for one diagnosis, the wait for its turn included."""

EXPLAINED = frozenset({"", RECOMMENDATION_REQUESTS.service})
"""Services of which the diagnosis of the stack knows all that topology tells, and more."""

Reach = Callable[[float, float, float | None, float | None], Awaitable[Verdict]]
"""Diagnoses the time between two Unix times, for an alert and after a trouble that began at the others."""


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
        """Ask Prometheus and Jaeger, and diagnose. Raises SourceAway: without metrics there is no verdict.

        Of several verdicts one with a cause comes first; `none` last, for it is right only if all say so.
        """
        try:
            async with asyncio.timeout(LIMIT), self._turns:
                await self._prometheus.ask(query("vector(1)"))
                ways = self._choose(frozenset(services))
                return max([await reach(start, end, alerted_at, after) for reach in ways], key=rank_domain)
        except TimeoutError:
            raise SourceAway(f"The evidence could not be read within {LIMIT:.0f} s.") from None

    def _choose(self, services: frozenset[str]) -> list[Reach]:
        """The stack as such if it is concerned, then services by topology."""
        others = services - EXPLAINED
        by_topology = partial(self._diagnose_services, others)
        if STACK.isdisjoint(services or EXPLAINED):
            return [by_topology]
        return [self._diagnose_stack, by_topology] if others else [self._diagnose_stack]

    async def _diagnose_stack(
        self, start: float, end: float, alerted_at: float | None, after: float | None
    ) -> Verdict:
        evidence = await collect(self._prometheus, self._jaeger, start, end, self._limits)
        _expect_series(evidence)
        reach = partial(diagnose, evidence, alerted_at=alerted_at, after=after)
        return await to_thread.run_sync(reach, limiter=self._thread)

    async def _diagnose_services(
        self,
        services: Collection[str],
        start: float,
        end: float,
        alerted_at: float | None,
        after: float | None,
    ) -> Verdict:
        collected = await collect_services(self._prometheus, self._jaeger, start, end, services)
        _expect_series(collected.evidence)
        reach = partial(diagnose_services, *collected, services, alerted_at=alerted_at, after=after)
        verdict = await to_thread.run_sync(reach, limiter=self._thread)
        return await add_traces(self._jaeger, verdict, *collected)


def _expect_series(evidence: Evidence) -> None:
    if not evidence.series:
        raise SourceAway("Prometheus answered none of the questions about this time.")
