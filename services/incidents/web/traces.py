"""Slow requests and their span trees, from Jaeger's query API."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel

from jaeger.client import Span, find, search
from jaeger.client import Trace as JaegerTrace
from prometheus.client import AsyncClient, Refused, Request
from services.incidents.incident import Window
from services.incidents.web.subject import Affected
from telemetry import attributes as a

SLICES = 4
SEARCHED = 25
SHOWN, FEWER = 8, 4
"""Requests of one service, and of each of several."""

SPANS_SHOWN = 300
DEPTH_SHOWN = 12
SHORTEST_MS = 0.001
SHOWN_FIRST = (
    a.STORAGE_LATENCY_MS,
    a.RECOMMENDATION_SOURCE,
    a.RECOMMENDATION_REASON,
    a.MODEL_VERSION,
    a.MODEL_PREDICTION,
    a.USER_SEGMENT,
    a.HTTP_RESPONSE_STATUS_CODE,
    a.ERROR_TYPE,
    a.RPC_METHOD,
    a.AWS_S3_BUCKET,
    a.DB_SYSTEM_NAME,
    a.MESSAGING_SYSTEM,
    a.GEN_AI_PROVIDER_NAME,
)
"""Attributes shown with a span; the others are one click away."""

Role = Literal["served", "own", "waited"]


class Row(BaseModel):
    """One span in its tree; `offset` and `width` in percent of the whole trace.

    `suspected`: the cause is at work in it.
    """

    name: str
    service: str
    depth: int
    start_ms: float
    duration_ms: float
    offset: float
    width: float
    role: Role
    error: bool
    suspected: bool
    attributes: dict[str, str]

    @property
    def first(self) -> dict[str, str]:
        """The attributes to show at once."""
        return {key: self.attributes[key] for key in SHOWN_FIRST if key in self.attributes}


class Trace(BaseModel):
    """One request: its spans depth first, in order of their start."""

    trace_id: str
    started_at: datetime
    duration_ms: float
    rows: list[Row]
    hidden: int

    @property
    def request(self) -> Row:
        """The span the request began with."""
        return self.rows[0]

    def served_by(self, service: str) -> Row:
        """The first span of a service; if it has none, the span the request began with."""
        return next((row for row in self.rows if row.service == service), self.request)

    @property
    def answered(self) -> float:
        """When the user had the answer, in percent of the whole trace."""
        return self.request.offset + self.request.width

    @property
    def failed(self) -> bool:
        """Whether a span of it failed."""
        return any(row.error for row in self.rows)

    def attribute(self, key: str) -> str | None:
        """The first value of an attribute anywhere in the trace."""
        return next((row.attributes[key] for row in self.rows if key in row.attributes), None)


async def find_slowest(
    jaeger: AsyncClient, window: Window, affected: Affected, most: int = SHOWN
) -> list[Trace]:
    """The slowest of a sample of the affected requests of a window, slowest first. Raises SourceAway.

    Jaeger gives the latest that match: the window is searched in SLICES, to sample all of it.
    """
    searches = [search_requests(part, affected) for part in window.split(SLICES)]
    answers = await asyncio.gather(*(jaeger.ask(search) for search in searches))
    traces = {trace.trace_id: trace for answer in answers for trace in answer}
    arranged = [_arrange(trace) for trace in traces.values()]
    slowest = sorted(arranged, key=lambda trace: trace.served_by(affected.service).duration_ms, reverse=True)
    return slowest[:most]


async def fetch_trace(jaeger: AsyncClient, trace_id: str, suspect: str = "") -> Trace | None:
    """One trace, its span `suspect` marked; None if Jaeger does not have it. Raises SourceAway."""
    try:
        traces = await jaeger.ask(find(trace_id))
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return _arrange(traces[0], suspect) if traces else None


def search_requests(window: Window, affected: Affected) -> Request[list[JaegerTrace]]:
    """Jaeger's search for affected requests in a window."""
    return search(
        affected.service,
        window.start.timestamp(),
        window.end.timestamp(),
        limit=SEARCHED,
        operation=affected.operation,
        tags={"error": "true"} if affected.failed else None,
        slower_than=affected.seconds,
    )


def _arrange(trace: JaegerTrace, suspect: str = "") -> Trace:
    length = max(SHORTEST_MS, trace.duration_ms)
    ordered = _walk(trace.spans)
    return Trace(
        trace_id=trace.trace_id,
        started_at=datetime.fromtimestamp(trace.started_at, UTC),
        duration_ms=length,
        rows=[_row(span, depth, length, span.span_id == suspect) for span, depth in ordered[:SPANS_SHOWN]],
        hidden=max(0, len(ordered) - SPANS_SHOWN),
    )


def _walk(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """Depth first, in order of start; a span whose parent is missing is a root, a ring is cut."""
    known = {span.span_id for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in reversed(spans):
        children.setdefault(span.parent if span.parent in known else None, []).append(span)
    waiting, ordered, seen = [(span, 0) for span in children.get(None, spans[:1])], [], set[str]()
    while waiting:
        span, depth = waiting.pop()
        if span.span_id not in seen:
            seen.add(span.span_id)
            ordered.append((span, depth))
            waiting.extend((child, depth + 1) for child in children.get(span.span_id, []))
    return ordered


def _row(span: Span, depth: int, length: float, suspected: bool) -> Row:
    kind = span.tags.get("span.kind", "internal")
    return Row(
        name=span.name,
        service=span.service,
        depth=min(depth, DEPTH_SHOWN),
        start_ms=span.start_ms,
        duration_ms=span.duration_ms,
        offset=round(100 * span.start_ms / length, 3),
        width=round(100 * span.duration_ms / length, 3),
        role="waited" if kind in ("client", "producer") else "served" if kind == "server" else "own",
        error=span.error,
        suspected=suspected,
        attributes={key: _text(value) for key, value in sorted(span.tags.items())},
    )


def _text(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
