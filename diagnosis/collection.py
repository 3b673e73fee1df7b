"""What a diagnosis looks at on a running stack."""

import asyncio
from collections.abc import Collection, Mapping

from diagnosis.packs.catalogue import ADDITIONS, PACKS
from diagnosis.packs.pack import find_others
from diagnosis.parts import NAME, QUERY
from diagnosis.sources.live import choose_step, read_series
from diagnosis.topology.live import Collected, collect_services
from prometheus.client import AsyncClient


async def collect(
    prometheus: AsyncClient,
    jaeger: AsyncClient,
    start: float,
    end: float,
    services: Collection[str] = (),
    limits: Mapping[str, float] | None = None,
) -> Collected:
    """The evidence about these services between two Unix times; of none in particular, about all of them.

    A source that is away or gives no sense leaves its part out, which is logged; nothing is raised.
    """
    concerned = [pack for pack in PACKS if pack.concerns(services)]
    read = (pack.collect(prometheus, jaeger, start, end, limits or {}) for pack in concerned)
    found = dict(zip(concerned, await asyncio.gather(*read), strict=True))
    seen = [pack for pack, evidence in found.items() if pack.is_seen(evidence)]
    others = find_others(services, seen)
    if others or not seen:
        evidence, addresses = await collect_services(prometheus, jaeger, start, end, others, ADDITIONS)
    else:
        evidence, addresses = found[seen[0]], {}
    parts = [*(found[pack].series for pack in seen), evidence.series]
    if not services:  # then it may be about the stack's own
        parts.append(await read_series(prometheus, {NAME: QUERY}, start, end, choose_step(start, end)))
    whole = {
        "series": {name: series for part in parts for name, series in part.items()},
        "traces": [trace for pack in seen for trace in found[pack].traces],
        "limits": dict(limits or {}),
    }
    return Collected(evidence.model_copy(update=whole), addresses)
