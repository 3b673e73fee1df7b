"""Which services are connected: who calls whom, read in the background and kept in memory.

Nobody waits for it. While Prometheus is away, the last that is known holds.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import structlog

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.live import collect_map
from diagnosis.topology.reading import is_distinct, read_topology
from diagnosis.topology.traces import UNKNOWN_CALLEES, address_of, ask_addresses, find_unknown_callees
from prometheus.client import AsyncClient, SourceAway
from services.incidents.alerts.grouping import Connected, connect_all
from services.incidents.incident import STACK

PAUSE, RETRY = 45.0, 5.0
"""Seconds between two readings, and before the next try while nothing is known."""

RECENT, REMEMBERED = 300.0, 3600.0
"""Seconds that a reading looks back, and those that a call is remembered: in trouble, calls cease.

The first reading looks back as far as is remembered.
"""

ASKED_AGAIN = 600.0
"""Seconds after which traces of calls to an address are looked at again: it may have become another's."""

MOST = 5_000
"""Entities and calls that are remembered, addresses, and calls that were looked at; of more, the newest."""

log = structlog.get_logger(__name__)

K = TypeVar("K")
V = TypeVar("V")


class Connections:
    """Which services are connected: one depends on the other, or both depend on something."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._connected: dict[str, frozenset[str]] = {}

    def find(self, service: str) -> frozenset[str]:
        """The services connected with one; none if it is not in the map."""
        if service not in self._connected:
            own = self._closures.get(service, frozenset())
            found = (name for name, closure in self._closures.items() if not own.isdisjoint(closure))
            self._connected[service] = frozenset(found)
        return self._connected[service]

    @cached_property
    def _closures(self) -> Mapping[str, frozenset[Entity]]:
        services = (entity for entity in self._topology.entities if entity.kind is Kind.SERVICE)
        return {service.name: self._topology.closure([service]) for service in services}


class ServiceMap:
    """The connections of all services, as they were read last."""

    def __init__(
        self, prometheus: AsyncClient, jaeger: AsyncClient, now: Callable[[], float] = time.time
    ) -> None:
        self._prometheus = prometheus
        self._jaeger = jaeger
        self._now = now
        self._seen: dict[Call | Entity, float] = {}
        self._connections: Connections | None = None
        self._learned: dict[str, str] = {}
        self._asked: dict[Call, float] = {}
        self._away = ""
        self.addresses: Mapping[str, str] = {}
        """Which service answers at which address, of those that were called in the last reading."""

    def connect(self, service: str) -> Connected:
        """The services that can be one trouble with it; the stack is one, a service not in the map is alone.

        While no map is known, the stack is one trouble, and all the others are.
        """
        if self._connections is None:
            return connect_all(service)
        own = STACK if service in STACK else frozenset({service})
        return Connected(own | self._connections.find(service))

    async def watch(self) -> None:
        """Read every PAUSE seconds; runs until it is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(PAUSE if self._connections else RETRY)

    async def refresh(self) -> None:
        """Read the calls of the last minutes; nothing changes if Prometheus is away."""
        end = self._now()
        start = end - (RECENT if self._seen else REMEMBERED)
        try:
            evidence = await collect_map(self._prometheus, start, end)
            self._remember(await self._read(evidence), end)
            self._away = ""
        except SourceAway as away:
            if self._away != str(away):
                log.warning("services not mapped", reason=str(away))
            self._away = str(away)

    async def _read(self, evidence: Evidence) -> Topology:
        aligned = AlignedSeries(evidence)
        unknown = find_unknown_callees(await asyncio.to_thread(read_topology, aligned, {}))
        await self._learn(unknown, evidence.start, evidence.end)
        called = {address_of(call.callee) for call in unknown}
        self.addresses = {each: service for each, service in self._learned.items() if each in called}
        return await asyncio.to_thread(read_topology, aligned, self._learned)

    async def _learn(self, unknown: Sequence[Call], start: float, end: float) -> None:
        """From traces of those calls that were not looked at for longest."""
        asked = {call: self._asked.get(call, 0.0) for call in unknown}
        due = sorted((call for call in unknown if asked[call] < end - ASKED_AGAIN), key=asked.__getitem__)
        due = due[:UNKNOWN_CALLEES]
        found = await ask_addresses(self._jaeger, due, start, end)
        self._asked = remember(self._asked, dict.fromkeys(due, end))
        self._learned = remember(self._learned, found)

    def _remember(self, topology: Topology, now: float) -> None:
        distinct = {entity for entity in topology.entities if is_distinct(entity)}
        called = (call for call in topology.calls if call.callee in distinct)
        self._seen |= dict.fromkeys([*distinct, *called], now)
        newest = sorted(self._seen.items(), key=lambda item: -item[1])[:MOST]
        self._seen = {each: at for each, at in newest if at >= now - REMEMBERED}
        calls = (each for each in self._seen if isinstance(each, Call))
        entities = (each for each in self._seen if isinstance(each, Entity))
        self._connections = Connections(Topology(calls, entities)) if self._seen else None


def remember(known: dict[K, V], new: Mapping[K, V]) -> dict[K, V]:
    """Both, the new ones last; of more than MOST, the last."""
    others = ((name, value) for name, value in known.items() if name not in new)
    return dict([*others, *new.items()][-MOST:])
