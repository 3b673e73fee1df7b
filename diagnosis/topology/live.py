"""Telemetry of services on a running stack: first who calls whom, then more about those that matter."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import structlog

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.sources.live import choose_step, label_series, read_series
from diagnosis.topology.addition import Addition, Asked
from diagnosis.topology.entity import Entity, Topology
from diagnosis.topology.queries import (
    MAP,
    MAP_STEP,
    Batch,
    ask_details,
    ask_presence,
    ask_traffic,
    split_signals,
)
from diagnosis.topology.reading import read_topology
from diagnosis.topology.scope import find_scope, keep_services
from diagnosis.topology.traces import ask_addresses, find_unknown_callees
from prometheus import queries as q
from prometheus.client import AsyncClient, SourceAway, query_batch, query_range_batch
from prometheus.services.traffic import STEP as RECORDING_STEP

NEARLY_ALL = 0.8
"""Part of all services from which they are asked about as a whole and not by name."""

RECORDED = 0.9
"""Part of the time that has to be recorded, or every process is asked."""

log = structlog.get_logger(__name__)


class Collected(NamedTuple):
    """The results of the queries, and which service answers at which address."""

    evidence: Evidence
    addresses: Mapping[str, str]


async def collect_services(
    prometheus: AsyncClient,
    jaeger: AsyncClient,
    start: float,
    end: float,
    services: Collection[str],
    additions: Collection[Addition],
) -> Collected:
    """What a diagnosis of these services looks at between two Unix times, and nothing of other services.

    Of no services, all that there are.
    A source that is away leaves its part out, which is logged.
    """
    present = await _find_present(prometheus, start, end, additions)
    topology, addresses = await _find_topology(jaeger, present, start, end)
    scope = find_scope(topology, services or [each.name for each in keep_services(topology.entities)])
    everybody = keep_services(topology.entities)
    named, callers = (_match(group, everybody) for group in (scope.services, scope.callers))
    asked = Asked(present, scope, named, end - start)
    added = filter(None, (each.ask(asked) for each in additions))
    recorded = _is_recorded(present, end - start)
    batches = [
        *ask_traffic(named, callers, recorded=recorded),
        *ask_details(*named, recorded=recorded),
        *added,
    ]
    return Collected(await _collect(prometheus, jaeger, batches, start, end), addresses)


async def collect_system(prometheus: AsyncClient, jaeger: AsyncClient, start: float, end: float) -> Collected:
    """What all services serve and call, read as `collect_services` does."""
    present = await _find_present(prometheus, start, end)
    _, addresses = await _find_topology(jaeger, present, start, end)
    batches = ask_traffic(recorded=_is_recorded(present, end - start))
    return Collected(await _collect(prometheus, jaeger, batches, start, end), addresses)


async def _find_present(
    prometheus: AsyncClient, start: float, end: float, additions: Collection[Addition] = ()
) -> AlignedSeries:
    """Who is there, and who calls whom."""
    others = (each.present for each in additions if each.present)
    try:
        answers = await prometheus.ask(query_batch(ask_presence(end - start, others), end))
    except SourceAway as away:
        log.warning("topology left out", reason=str(away))
        answers = {}
    return AlignedSeries(Evidence(start=end, end=end, series=label_series(answers)))


def _is_recorded(present: AlignedSeries, seconds: float) -> bool:
    """Whether rules recorded the traffic of nearly all of the time, of whom they did longest."""
    evaluations = (float(row.values[-1]) for row in present.rows("evaluations"))
    return max(evaluations, default=0.0) >= RECORDED * seconds / RECORDING_STEP


async def _find_topology(
    jaeger: AsyncClient, present: AlignedSeries, start: float, end: float
) -> tuple[Topology, dict[str, str]]:
    """Of those who are there, and which service answers at which address."""
    topology = await asyncio.to_thread(read_topology, present, {})
    addresses = await ask_addresses(jaeger, find_unknown_callees(topology), start, end)
    return await asyncio.to_thread(read_topology, present, addresses), addresses


def _match(services: Collection[Entity], everybody: Collection[Entity]) -> tuple[str, ...]:
    """The matcher of these services; none if there are hardly any others."""
    if len(services) >= NEARLY_ALL * len(everybody):
        return ()
    return (q.one_of("service_name", sorted(service.name for service in services)),)


async def _collect(
    prometheus: AsyncClient, jaeger: AsyncClient, batches: Sequence[Batch], start: float, end: float
) -> Evidence:
    step = choose_step(start, end)
    results = await asyncio.gather(*(read_series(prometheus, batch, start, end, step) for batch in batches))
    return Evidence(
        start=start,
        end=end,
        step=step,
        series=split_signals({name: found for result in results for name, found in result.items()}),
        prometheus_url=prometheus.public_address,
        jaeger_url=jaeger.public_address,
    )


async def collect_map(prometheus: AsyncClient, start: float, end: float) -> Evidence:
    """Who called whom between two Unix times, and no more: one cheap query. Raises SourceAway."""
    answers = await prometheus.ask(query_range_batch(MAP, start, end, MAP_STEP))
    return Evidence(start=start, end=end, step=MAP_STEP, series=label_series(answers))
