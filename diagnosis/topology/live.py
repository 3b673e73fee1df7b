"""Telemetry of services on a running stack: three batches of queries, and traces for addresses."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.sources.live import choose_step, label_series, read_series
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Kind
from diagnosis.topology.queries import BATCHES, MAP, MAP_STEP
from diagnosis.topology.reading import learn_addresses, read_system
from jaeger.client import Trace, search
from prometheus.client import AsyncClient, SourceAway, query_range_batch

ASKED_FOR_TRACES = 20
"""Callers of unknown addresses whose traces are looked at, at most."""

TRACES = 20
"""Of each of them."""

log = structlog.get_logger(__name__)


class Collected(NamedTuple):
    """The results of the queries, and which service answers at which address."""

    evidence: Evidence
    addresses: Mapping[str, str]


async def collect_services(
    prometheus: AsyncClient, jaeger: AsyncClient, start: float, end: float
) -> Collected:
    """Read between two Unix times; a source that is away leaves its part out, which is logged."""
    step = choose_step(start, end)
    results = await asyncio.gather(*(read_series(prometheus, batch, start, end, step) for batch in BATCHES))
    evidence = Evidence(
        start=start,
        end=end,
        step=step,
        series={name: found for result in results for name, found in result.items()},
        prometheus_url=prometheus.address,
        jaeger_url=jaeger.address,
    )
    system = await asyncio.to_thread(read_system, AlignedSeries(evidence), {})
    return Collected(evidence, await ask_addresses(jaeger, callers_of_strangers(system), start, end))


async def collect_map(prometheus: AsyncClient, start: float, end: float) -> Evidence:
    """Who called whom between two Unix times, and no more: one cheap query. Raises SourceAway."""
    answers = await prometheus.ask(query_range_batch(MAP, start, end, MAP_STEP))
    return Evidence(start=start, end=end, step=MAP_STEP, series=label_series(answers))


def callers_of_strangers(system: System) -> list[str]:
    """Services that call addresses of which is not known whose they are."""
    callers = {call.caller.name for call in system.topology.calls if call.callee.kind is Kind.PEER}
    return sorted(callers)


async def ask_addresses(
    jaeger: AsyncClient, callers: Iterable[str], start: float, end: float
) -> dict[str, str]:
    """Which service answers at which address, from traces of the first ASKED_FOR_TRACES callers."""
    asked = islice(callers, ASKED_FOR_TRACES)
    found = await asyncio.gather(*(_search(jaeger, caller, start, end) for caller in asked))
    return learn_addresses(trace for traces in found for trace in traces)


async def _search(jaeger: AsyncClient, service: str, start: float, end: float) -> Iterable[Trace]:
    try:
        return await jaeger.ask(search(service, start, end, limit=TRACES))
    except (SourceAway, ValidationError) as away:
        log.warning("addresses left unknown", service=service, reason=str(away))
        return ()
