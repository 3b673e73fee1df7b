"""Evidence from a running stack: a few range queries to Prometheus and searches in Jaeger, all at once."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

import structlog
from pydantic import ValidationError

from diagnosis.packs.recommender.limits import Limits
from diagnosis.packs.recommender.queries import batches
from diagnosis.sources.evidence import Evidence, Span, Trace
from diagnosis.sources.live import choose_step, read_series
from jaeger.client import Trace as JaegerTrace
from jaeger.client import search
from prometheus.client import AsyncClient, Request, SourceAway
from telemetry import attributes as a
from telemetry.instruments import RECOMMENDATION_REQUESTS
from telemetry.spans import SERVER, SHADOW_ANSWER

SLICES = 10
"""Jaeger gives the latest that match: the window is searched in slices, to sample all of it."""

SHRINKING = 0.66
"""Each slice as a part of the one before: the onset is not known yet, but it is recent."""

ARRIVING = 10.0
"""Seconds before the end that are left out: slow reads, just what is looked for, end after their requests."""

SAMPLED, SLOWEST = 8, 12
"""Traces per slice; slow ones from the last part of the window."""

_KEPT = frozenset({a.MODEL_VERSION, a.RECOMMENDATION_REASON, a.USER_SEGMENT})

log = structlog.get_logger(__name__)


async def collect(
    prometheus: AsyncClient, jaeger: AsyncClient, start: float, end: float, limits: Mapping[str, float]
) -> Evidence:
    """Read the window from `start` to `end` (Unix seconds); takes ≤ 1 s for 15 minutes.

    A source that is away or gives no sense leaves its part of the evidence out, which is logged; nothing is
    raised.
    """
    step, own = choose_step(start, end), Limits.model_validate(limits)
    *sampled, slow = searches(start, end, own.storage_deadline)
    results, found, slowest = await asyncio.gather(
        asyncio.gather(*(read_series(prometheus, batch, start, end, step) for batch in batches(own))),
        asyncio.gather(*(_search(jaeger, each, selected_for_latency=False) for each in sampled)),
        _search(jaeger, slow, selected_for_latency=True),
    )
    return Evidence(
        start=start,
        end=end,
        step=step,
        series={name: found for result in results for name, found in result.items()},
        traces=_once(trace for traces in (*found, slowest) for trace in traces),
        limits=dict(limits),
        prometheus_url=prometheus.public_address,
        jaeger_url=jaeger.public_address,
    )


def searches(start: float, end: float, deadline: float) -> list[Request[list[JaegerTrace]]]:
    """Searches between two Unix times; the last is for what took over `deadline` seconds."""
    last = max(end - ARRIVING, (start + end) / 2)
    edges = [last - (last - start) * SHRINKING**number for number in range(SLICES)]
    found = [_recommendations(*edge, SAMPLED) for edge in pairwise([*edges, last])]
    return [*found, _recommendations((start + last) / 2, last, SLOWEST, deadline)]


def _recommendations(
    start: float, end: float, limit: int, slower_than: float | None = None
) -> Request[list[JaegerTrace]]:
    service = RECOMMENDATION_REQUESTS.service
    return search(service, start, end, limit=limit, operation=SERVER.name, slower_than=slower_than)


async def _search(
    jaeger: AsyncClient, request: Request[list[JaegerTrace]], *, selected_for_latency: bool
) -> list[Trace]:
    try:
        return [_shorten(trace, selected_for_latency) for trace in await jaeger.ask(request)]
    except (SourceAway, ValidationError) as away:
        log.warning("traces left out", reason=str(away))
        return []


def _shorten(whole: JaegerTrace, selected_for_latency: bool) -> Trace:
    """The trace with the attributes that the diagnosis reads, without answers that nobody waited for."""
    asked = tuple(span for span in whole.spans if span.name != SHADOW_ANSWER.name)
    trace = replace(whole, spans=asked or whole.spans)
    places = {span.span_id: place for place, span in enumerate(trace.spans)}
    spans = [
        Span(
            name=span.name,
            service=span.service,
            parent=places.get(span.parent or ""),
            start_ms=span.start_ms,
            duration_ms=span.duration_ms,
            error=span.error,
            attributes={key: value for key, value in span.tags.items() if key in _KEPT},
        )
        for span in trace.spans
    ]
    return Trace(
        trace_id=trace.trace_id,
        started_at=trace.started_at,
        duration_ms=trace.duration_ms,
        selected_for_latency=selected_for_latency,
        spans=spans,
    )


def _once(traces: Iterable[Trace]) -> list[Trace]:
    """Each trace once, in order of time; one that was found by chance counts as found by chance."""
    known: dict[str, Trace] = {}
    for trace in traces:
        if trace.trace_id not in known or not trace.selected_for_latency:
            known[trace.trace_id] = trace
    return sorted(known.values(), key=lambda trace: trace.started_at)
