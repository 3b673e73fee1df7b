"""Evidence is collected and a verdict is reached, without ever holding up the rest of the service."""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.collection import collect
from diagnosis.topology.traces import add_traces
from prometheus.client import AsyncClient, SourceAway, query

AT_ONCE = 2
LIMIT = 15.0
"""Seconds for one diagnosis, the wait for its turn included."""


class Explain(Protocol):
    """Reaches a verdict about a window (unix seconds), for these services. Raises SourceAway.

    An empty name, or no service at all, is trouble of none in particular. `after` is when an earlier trouble
    began, of which this may be a part or not.
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

    def __init__(self, prometheus: AsyncClient, jaeger: AsyncClient, limits: Mapping[str, float]) -> None:
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
        span = start, end, services
        try:
            async with asyncio.timeout(LIMIT), self._turns:
                await self._prometheus.ask(query("vector(1)"))
                collected = await collect(self._prometheus, self._jaeger, *span, self._limits)
                _expect_series(collected.evidence)
                reach = partial(diagnose, *collected, services, alerted_at=alerted_at, after=after)
                verdict = await to_thread.run_sync(reach, limiter=self._thread)
                return await add_traces(self._jaeger, verdict, *collected)
        except TimeoutError:
            raise SourceAway(f"The evidence could not be read within {LIMIT:.0f} s.") from None


def _expect_series(evidence: Evidence) -> None:
    if not evidence.series:
        raise SourceAway("Prometheus answered none of the questions about this time.")
