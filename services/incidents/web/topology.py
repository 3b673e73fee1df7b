"""`GET /api/topology`: what telemetry says about who is there and who calls whom."""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Collection
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.inventory import Instance, collect_instances
from diagnosis.topology.live import collect_system
from diagnosis.topology.reading import read_system
from diagnosis.topology.traffic import Traffic
from prometheus.client import AsyncClient, SourceAway

AT_ONCE = 2
"""Readings at a time; more wait."""

MOST = 100
"""Instances of a service that are listed."""

SHORTEST, USUAL, LONGEST = 60.0, 600.0, 6 * 3600.0
"""Seconds back from now."""

Seconds = Annotated[float, Query(ge=SHORTEST, le=LONGEST)]


class Name(BaseModel):
    """An entity's."""

    kind: str
    name: str


class Red(BaseModel):
    """Requests per second, the share that failed (0–1) and the mean duration in seconds; None if unknown."""

    rate: float | None
    failed: float | None
    seconds: float | None


class InstanceView(BaseModel):
    """A process by its `service.instance.id`, and its `service.version`, None if it does not tell."""

    name: str
    version: str | None


class EntityView(Name, Red):
    """What it served; of a service also its versions and the first MOST of its instances.

    An instance that changed its version within the window is listed with each.
    """

    versions: list[str]
    instances: list[InstanceView]


class CallView(Red):
    """What the caller saw of its calls."""

    caller: Name
    callee: Name


class TopologyView(BaseModel):
    """The entities and calls of the window from `start` to `end` (Unix seconds)."""

    start: float
    end: float
    entities: list[EntityView]
    calls: list[CallView]


class TopologyApi:
    """Reads the topology anew for each request."""

    def __init__(self, prometheus: AsyncClient, jaeger: AsyncClient) -> None:
        self._prometheus = prometheus
        self._jaeger = jaeger
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.router = APIRouter()
        self.router.add_api_route("/api/topology", self.show)

    async def show(self, seconds: Seconds = USUAL) -> TopologyView:
        """Of the last `seconds`; 503 if Prometheus cannot be asked."""
        end = time.time()
        try:
            instances = await collect_instances(self._prometheus, end - seconds, end)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None
        async with self._turns:
            evidence, addresses = await collect_system(self._prometheus, self._jaeger, end - seconds, end)
            system = await asyncio.to_thread(read_system, AlignedSeries(evidence), addresses)
        return view(system, instances, end - seconds, end)


def view(system: System, instances: Collection[Instance], start: float, end: float) -> TopologyView:
    """The system in numbers over its whole window, sorted by kind and name."""
    found: dict[Entity, list[Instance]] = defaultdict(list)
    for each in instances:
        found[Entity(Kind.SERVICE, each.service)].append(each)
    return TopologyView(
        start=start,
        end=end,
        entities=[
            view_entity(entity, system.served.get(entity), found.get(entity, []))
            for entity in sorted(system.topology.entities)
        ],
        calls=[
            CallView(
                caller=name(call.caller),
                callee=name(call.callee),
                **summarise(system.calls.get(call)).model_dump(),
            )
            for call in sorted(system.topology.calls)
        ],
    )


def view_entity(entity: Entity, served: Traffic | None, instances: Collection[Instance]) -> EntityView:
    """What it served, and its instances."""
    named = [InstanceView(name=each.name, version=each.version or None) for each in instances if each.name]
    return EntityView(
        **name(entity).model_dump(),
        **summarise(served).model_dump(),
        versions=sorted({each.version for each in instances if each.version}),
        instances=named[:MOST],
    )


def name(entity: Entity) -> Name:
    return Name(kind=entity.kind, name=entity.name)


def summarise(traffic: Traffic | None) -> Red:
    """Means over all requests."""
    if traffic is None or not np.isfinite(traffic.rate).any():
        return Red(rate=None, failed=None, seconds=None)
    always = np.ones_like(traffic.rate, dtype=bool)
    return Red(
        rate=float(np.nanmean(traffic.rate)),
        failed=_known(traffic.level(traffic.failed, always)),
        seconds=_known(traffic.level(traffic.seconds, always)),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
