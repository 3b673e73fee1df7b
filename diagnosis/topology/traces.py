"""What is asked of Jaeger about services: which of them answers at an address, and requests to cite."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise, product

import structlog
from pydantic import ValidationError

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.cited import Sought, cite, find_shown, seek, state_shown
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import learn_addresses, make_directory
from diagnosis.verdict.verdict import Verdict
from jaeger.client import Trace, find, search
from prometheus.client import AsyncClient, Request, SourceAway
from prometheus.services.dependencies import NAMELESS
from telemetry import attributes as a

UNKNOWN_CALLEES, TRACES_OF_UNKNOWN = 20, 2
"""Calls to unknown addresses that are looked at, at most, and traces of each search for one."""

TRACES = 20
"""Of each search for what to cite."""

SLICES = 4
"""Jaeger gives the latest that match: a time is searched in slices, to sample all of it."""

CITING = 3.0
"""Seconds after which a verdict does without traces."""

log = structlog.get_logger(__name__)


async def add_traces(
    jaeger: AsyncClient, verdict: Verdict, evidence: Evidence, addresses: Mapping[str, str]
) -> Verdict:
    """The verdict with requests that show it, if it has none and Jaeger has any and gives them in time."""
    sought = None if verdict.traces else seek(verdict, evidence.end)
    if sought is None:
        return verdict
    try:
        async with asyncio.timeout(CITING):
            traces = await _find_traces(jaeger, _searches(sought))
    except TimeoutError:
        log.warning("no traces cited", service=sought.service, reason=f"none within {CITING:.0f} s")
        return verdict
    return await asyncio.to_thread(_add_cited, verdict, sought, traces, evidence, addresses)


def _add_cited(
    verdict: Verdict, sought: Sought, traces: list[Trace], evidence: Evidence, addresses: Mapping[str, str]
) -> Verdict:
    shown = find_shown(verdict, sought, traces, make_directory(AlignedSeries(evidence), addresses))
    base = evidence.jaeger_url
    linked = [each.model_copy(update={"link": find(each.trace_id).link(base)}) for each in cite(shown)]
    said = [*verdict.evidence, *state_shown(sought, shown)]
    return verdict.model_copy(update={"traces": linked, "evidence": said})


def _searches(sought: Sought) -> list[Request[list[Trace]]]:
    failed = sought.aspect is Aspect.REQUESTS
    return [
        search(
            sought.service,
            *edges,
            limit=TRACES,
            tags={"error": "true"} if failed else None,
            slower_than=None if failed else sought.seconds,
        )
        for edges in _slice(sought.start, sought.end)
    ]


def _slice(start: float, end: float) -> Iterator[tuple[float, float]]:
    length = (end - start) / SLICES
    return pairwise(start + length * number for number in range(SLICES + 1))


def find_unknown_callees(topology: Topology) -> list[Call]:
    """Calls to addresses of which is not known whose they are."""
    calls = (call for call in topology.calls if call.callee.kind is Kind.PEER)
    return sorted(call for call in calls if call.callee.name != NAMELESS)


def address_of(peer: Entity) -> str:
    """Where calls to it go: `host:port`, or what of it is known."""
    return peer.name.rpartition("@")[2]


async def ask_addresses(
    jaeger: AsyncClient, unknown: Iterable[Call], start: float, end: float
) -> dict[str, str]:
    """Which service answers at which address, from a few traces with each of the first UNKNOWN_CALLEES calls.

    They are of the time before the trouble, too: in it a call may end before the callee begins, or the
    callee's spans may be lost.
    """
    asked = [
        search(call.caller.name, *edges, limit=TRACES_OF_UNKNOWN, tags=_tags_of(call.callee))
        for call, edges in product(islice(unknown, UNKNOWN_CALLEES), _slice(start, end))
    ]
    return learn_addresses(await _find_traces(jaeger, asked))


def _tags_of(peer: Entity) -> Mapping[str, str]:
    """What spans of calls to it have, by its address."""
    address = address_of(peer)
    host, _, port = address.rpartition(":")
    return {a.SERVER_ADDRESS: host, a.SERVER_PORT: port} if host else {a.SERVER_ADDRESS: address}


async def _find_traces(jaeger: AsyncClient, searches: Iterable[Request[list[Trace]]]) -> list[Trace]:
    found = await asyncio.gather(*(_ask(jaeger, each) for each in searches))
    return [trace for traces in found for trace in traces]


async def _ask(jaeger: AsyncClient, asked: Request[list[Trace]]) -> list[Trace]:
    try:
        return await jaeger.ask(asked)
    except (SourceAway, ValidationError) as away:
        log.warning("traces left out", service=asked.parameters["service"], reason=str(away))
        return []
