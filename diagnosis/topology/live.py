"""Telemetry of services on a running stack: a few batches of queries, traces for addresses and to cite."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import islice, pairwise
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.sources.live import choose_step, label_series, read_series
from diagnosis.topology.blame import System
from diagnosis.topology.cited import Sought, cite, find_shown, seek, state_shown
from diagnosis.topology.entity import Kind
from diagnosis.topology.llm_signals import QUERIES as ABOUT_MODELS
from diagnosis.topology.losses import Aspect
from diagnosis.topology.queries import BATCHES, MAP, MAP_STEP
from diagnosis.topology.reading import learn_addresses, make_directory, read_system
from diagnosis.verdict.verdict import Verdict
from jaeger.client import Trace, find, search
from prometheus.client import AsyncClient, Request, SourceAway, query_range_batch

ASKED_FOR_TRACES = 20
"""Callers of unknown addresses whose traces are looked at, at most."""

TRACES = 20
"""Of each of them, and of each search for what to cite."""

SLICES = 4
"""Jaeger gives the latest that match: the time since the onset is searched in slices, to sample all of it."""

CITING = 3.0
"""Seconds after which a verdict does without traces."""

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
    if any(entity.kind is Kind.LLM for entity in system.topology.entities):
        more = await read_series(prometheus, ABOUT_MODELS, start, end, step)
        evidence = evidence.model_copy(update={"series": {**evidence.series, **more}})
    return Collected(evidence, await ask_addresses(jaeger, callers_of_strangers(system), start, end))


async def add_traces(jaeger: AsyncClient, verdict: Verdict, collected: Collected) -> Verdict:
    """The verdict with requests that show it, if Jaeger has any and gives them in time."""
    sought = seek(verdict, collected.evidence.end)
    if sought is None:
        return verdict
    try:
        async with asyncio.timeout(CITING):
            traces = await _find_traces(jaeger, _searches(sought))
    except TimeoutError:
        log.warning("no traces cited", service=sought.service, reason=f"none within {CITING:.0f} s")
        return verdict
    return await asyncio.to_thread(_add_cited, verdict, sought, traces, collected)


def _add_cited(verdict: Verdict, sought: Sought, traces: list[Trace], collected: Collected) -> Verdict:
    directory = make_directory(AlignedSeries(collected.evidence), collected.addresses)
    base = collected.evidence.jaeger_url
    shown = find_shown(verdict, sought, traces, directory)
    linked = [each.model_copy(update={"link": find(each.trace_id).link(base)}) for each in cite(shown)]
    evidence = [*verdict.evidence, *state_shown(sought, shown)]
    return verdict.model_copy(update={"traces": linked, "evidence": evidence})


def _searches(sought: Sought) -> list[Request[list[Trace]]]:
    failed = sought.aspect is Aspect.REQUESTS
    length = (sought.end - sought.start) / SLICES
    return [
        search(
            sought.service,
            *edges,
            limit=TRACES,
            tags={"error": "true"} if failed else None,
            slower_than=None if failed else sought.seconds,
        )
        for edges in pairwise(sought.start + length * number for number in range(SLICES + 1))
    ]


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
    asked = [search(caller, start, end, limit=TRACES) for caller in islice(callers, ASKED_FOR_TRACES)]
    return learn_addresses(await _find_traces(jaeger, asked))


async def _find_traces(jaeger: AsyncClient, searches: Iterable[Request[list[Trace]]]) -> list[Trace]:
    found = await asyncio.gather(*(_ask(jaeger, each) for each in searches))
    return [trace for traces in found for trace in traces]


async def _ask(jaeger: AsyncClient, asked: Request[list[Trace]]) -> list[Trace]:
    try:
        return await jaeger.ask(asked)
    except (SourceAway, ValidationError) as away:
        log.warning("traces left out", service=asked.parameters["service"], reason=str(away))
        return []
