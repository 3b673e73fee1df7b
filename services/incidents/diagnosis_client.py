"""Evidence is collected and a verdict is reached, without ever holding up the rest of the service."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from diagnosis import Limits, Verdict, diagnose
from diagnosis.sources.evidence import Evidence
from diagnosis.sources.live import collect
from diagnosis.topology.engine import diagnose_services
from diagnosis.topology.live import add_traces, collect_services
from prometheus.client import AsyncClient, SourceAway, query
from telemetry.instruments import INSTRUMENTS

AT_ONCE = 2
LIMIT = 15.0
"""Seconds for one diagnosis, the wait for its turn included."""

OWN = frozenset(instrument.service for instrument in INSTRUMENTS)
"""Services of the stack, of which the diagnosis knows more than topology tells."""


class Explain(Protocol):
    """Reaches a verdict about a window (unix seconds), for these services if any. Raises SourceAway."""

    async def __call__(
        self, start: float, end: float, alerted_at: float | None = None, services: Collection[str] = ()
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
        self, start: float, end: float, alerted_at: float | None = None, services: Collection[str] = ()
    ) -> Verdict:
        """Ask Prometheus and Jaeger, and diagnose. Raises SourceAway: without metrics there is no verdict."""
        is_own = not services or not OWN.isdisjoint(services)
        reach = self._diagnose_stack if is_own else self._diagnose_services
        try:
            async with asyncio.timeout(LIMIT), self._turns:
                await self._prometheus.ask(query("vector(1)"))
                return await reach(start, end, alerted_at, services)
        except TimeoutError:
            raise SourceAway(f"The evidence could not be read within {LIMIT:.0f} s.") from None

    async def _diagnose_stack(
        self, start: float, end: float, alerted_at: float | None, _: Collection[str]
    ) -> Verdict:
        evidence = await collect(self._prometheus, self._jaeger, start, end, self._limits)
        _expect_series(evidence)
        reach = partial(diagnose, evidence, alerted_at=alerted_at)
        return await to_thread.run_sync(reach, limiter=self._thread)

    async def _diagnose_services(
        self, start: float, end: float, alerted_at: float | None, services: Collection[str]
    ) -> Verdict:
        collected = await collect_services(self._prometheus, self._jaeger, start, end)
        _expect_series(collected.evidence)
        reach = partial(diagnose_services, *collected, services, alerted_at=alerted_at)
        verdict = await to_thread.run_sync(reach, limiter=self._thread)
        return await add_traces(self._jaeger, verdict, collected)


def _expect_series(evidence: Evidence) -> None:
    if not evidence.series:
        raise SourceAway("Prometheus answered none of the questions about this time.")
