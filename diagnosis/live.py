"""Evidence from a running stack: a few range queries to Prometheus and searches in Jaeger, all at once."""

import asyncio
import math
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import structlog

from diagnosis.evidence import Evidence, Labelled, Limits, Trace
from diagnosis.jaeger import SLOW, read_traces, searches
from diagnosis.queries import batches

TIMEOUT = 5.0
"""Seconds for one question: a machine short of CPU answers late, and just then its evidence is needed."""

SHORTEST_STEP = 5.0
POINTS = 240
"""Points per series at most."""

CONNECTIONS = 8
MARK = "whence_query"
"""The label that tells the results of a batch apart."""

log = structlog.get_logger(__name__)


async def collect(
    prometheus_url: str,
    jaeger_url: str,
    start: float,
    end: float,
    *,
    limits: Limits | None = None,
    client: httpx.AsyncClient | None = None,
) -> Evidence:
    """Read the window from `start` to `end` (Unix seconds); takes ≤ 1 s for 15 minutes.

    A source that is away or gives no sense leaves its part of the evidence out, which is logged; nothing is
    raised.
    """
    limits = limits or Limits()
    if client is None:
        few = httpx.Limits(max_connections=CONNECTIONS)
        async with httpx.AsyncClient(timeout=TIMEOUT, limits=few, trust_env=False) as own:
            return await collect(prometheus_url, jaeger_url, start, end, limits=limits, client=own)
    step = choose_step(start, end)
    metrics, jaeger = prometheus_url.rstrip("/"), jaeger_url.rstrip("/")
    results, traces = await asyncio.gather(
        asyncio.gather(*(_ask(client, metrics, batch, start, end, step) for batch in batches(limits))),
        asyncio.gather(
            *(_search(client, jaeger, search) for search in searches(start, end, limits.storage_deadline))
        ),
    )
    return Evidence(
        start=start,
        end=end,
        step=step,
        series={name: found for result in results for name, found in result.items()},
        traces=_once(trace for found in traces for trace in found),
        limits=limits,
        prometheus_url=metrics,
        jaeger_url=jaeger,
    )


def choose_step(start: float, end: float) -> float:
    """Seconds between points: 5, or as many multiples of it as keep a series within POINTS."""
    return SHORTEST_STEP * max(1, math.ceil((end - start) / POINTS / SHORTEST_STEP))


def join(batch: Mapping[str, str]) -> str:
    """One expression for all queries of a batch, each result marked with its query's name."""
    return " or ".join(f'label_replace({query}, "{MARK}", "{name}", "", "")' for name, query in batch.items())


async def _ask(
    client: httpx.AsyncClient, url: str, batch: Mapping[str, str], start: float, end: float, step: float
) -> dict[str, list[Labelled]]:
    asked = {"query": join(batch), "start": str(start), "end": str(end), "step": str(step)}
    try:
        answer = (await client.post(f"{url}/api/v1/query_range", data=asked)).json()
        return read_matrix(answer["data"]["result"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("metrics left out", queries=sorted(batch), reason=_say(error))
        return {}


def read_matrix(result: Iterable[Mapping[str, Any]]) -> dict[str, list[Labelled]]:
    """A batch's result by query; what is not a finite number is left out."""
    found: dict[str, list[Labelled]] = {}
    for series in result:
        labels = {name: str(value) for name, value in series["metric"].items() if name != "__name__"}
        values = [(float(at), float(text)) for at, text in series.get("values", ())]
        kept = [point for point in values if math.isfinite(point[1])]
        found.setdefault(labels.pop(MARK, ""), []).append(Labelled(labels=labels, values=kept))
    return found


async def _search(client: httpx.AsyncClient, url: str, search: Mapping[str, str | int]) -> list[Trace]:
    try:
        answer = (await client.get(f"{url}/api/traces", params=dict(search))).json()
        return read_traces(answer["data"], picked=SLOW in search)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        log.warning("traces left out", reason=_say(error))
        return []


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _once(traces: Iterable[Trace]) -> list[Trace]:
    """Each trace once, in order of time; one that was found by chance counts as found by chance."""
    known: dict[str, Trace] = {}
    for trace in traces:
        if trace.trace_id not in known or not trace.picked:
            known[trace.trace_id] = trace
    return sorted(known.values(), key=lambda trace: trace.started_at)
