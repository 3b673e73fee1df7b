"""Slow requests and their span trees, from Jaeger's query API."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from services.incidents.incident import Window
from services.incidents.sources import Source, SourceAway
from telemetry import attributes as a
from telemetry.spans import SERVER

SERVICE = "recommender"
SLICES = 4
SEARCHED = 25
SHOWN = 8
SPANS_SHOWN = 300
DEPTH_SHOWN = 12
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
)
"""Attributes shown with a span; the others are one click away."""

Role = Literal["served", "own", "waited"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Tag(_Answer):
    key: str
    value: Any = None


class _Reference(_Answer):
    ref_type: str
    span_id: Annotated[str, Field(alias="spanID")]


class _Process(_Answer):
    service_name: str


class _Span(_Answer):
    span_id: Annotated[str, Field(alias="spanID")]
    operation_name: str
    references: list[_Reference] = []
    start_time: int
    duration: int
    tags: list[_Tag] = []
    process_id: Annotated[str, Field(alias="processID")] = ""

    @property
    def parent(self) -> str | None:
        return next((ref.span_id for ref in self.references if ref.ref_type == "CHILD_OF"), None)


class _Trace(_Answer):
    trace_id: Annotated[str, Field(alias="traceID")]
    spans: Annotated[list[_Span], Field(min_length=1)]
    processes: dict[str, _Process] = {}


class Row(BaseModel):
    """One span in its tree; `offset` and `width` in percent of the whole trace."""

    name: str
    service: str
    depth: int
    start_ms: float
    duration_ms: float
    offset: float
    width: float
    role: Role
    error: bool
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

    @property
    def answered(self) -> float:
        """When the user had the answer, in percent of the whole trace."""
        return self.request.offset + self.request.width

    def attribute(self, key: str) -> str | None:
        """The first value of an attribute anywhere in the trace."""
        return next((row.attributes[key] for row in self.rows if key in row.attributes), None)


_TRACES = TypeAdapter(list[_Trace])


async def find_slowest(jaeger: Source, window: Window, slower_than_ms: int | None) -> list[Trace]:
    """The slowest of a sample of the window's requests, slowest first. Raises SourceAway.

    Jaeger gives the latest that match: the window is searched in SLICES, to sample all of it.
    """
    searches = [search_parameters(part, slower_than_ms) for part in window.split(SLICES)]
    answers = await asyncio.gather(*(jaeger.get("/api/traces", search) for search in searches))
    traces = {trace.trace_id: trace for answer in answers for trace in _read(jaeger, answer)}
    arranged = [_arrange(trace) for trace in traces.values()]
    return sorted(arranged, key=lambda trace: trace.request.duration_ms, reverse=True)[:SHOWN]


async def fetch_trace(jaeger: Source, trace_id: str) -> Trace | None:
    """One trace, or None if Jaeger does not have it. Raises SourceAway."""
    traces = _read(jaeger, await jaeger.get(f"/api/traces/{trace_id}", {}))
    return _arrange(traces[0]) if traces else None


def search_parameters(window: Window, slower_than_ms: int | None) -> dict[str, str | int]:
    """Jaeger's search for recommendations in a window; times in microseconds."""
    return {
        "service": SERVICE,
        "operation": SERVER.name,
        "start": int(window.start.timestamp() * 1_000_000),
        "end": int(window.end.timestamp() * 1_000_000),
        "limit": SEARCHED,
        **({"minDuration": f"{slower_than_ms}ms"} if slower_than_ms is not None else {}),
    }


def _read(jaeger: Source, data: Any) -> list[_Trace]:
    try:
        return _TRACES.validate_python(data or [])
    except ValidationError:
        raise SourceAway(f"{jaeger.name} gave an answer that is not its API's.") from None


def _arrange(trace: _Trace) -> Trace:
    start = min(span.start_time for span in trace.spans)
    length = max(1, max(span.start_time + span.duration for span in trace.spans) - start)
    ordered = _walk(trace.spans)
    return Trace(
        trace_id=trace.trace_id,
        started_at=datetime.fromtimestamp(start / 1_000_000, UTC),
        duration_ms=length / 1_000,
        rows=[_row(trace, span, depth, start, length) for span, depth in ordered[:SPANS_SHOWN]],
        hidden=max(0, len(ordered) - SPANS_SHOWN),
    )


def _walk(spans: list[_Span]) -> list[tuple[_Span, int]]:
    """Depth first, in order of start; a span whose parent is missing is a root, a ring is cut."""
    known = {span.span_id for span in spans}
    children: dict[str | None, list[_Span]] = {}
    for span in sorted(spans, key=lambda span: span.start_time, reverse=True):
        children.setdefault(span.parent if span.parent in known else None, []).append(span)
    waiting, ordered, seen = [(span, 0) for span in children.get(None, spans[:1])], [], set[str]()
    while waiting:
        span, depth = waiting.pop()
        if span.span_id not in seen:
            seen.add(span.span_id)
            ordered.append((span, depth))
            waiting.extend((child, depth + 1) for child in children.get(span.span_id, []))
    return ordered


def _row(trace: _Trace, span: _Span, depth: int, start: int, length: int) -> Row:
    tags = {tag.key: _text(tag.value) for tag in span.tags}
    kind = tags.get("span.kind", "internal")
    process = trace.processes.get(span.process_id)
    return Row(
        name=span.operation_name,
        service=process.service_name if process else "",
        depth=min(depth, DEPTH_SHOWN),
        start_ms=(span.start_time - start) / 1_000,
        duration_ms=span.duration / 1_000,
        offset=round(100 * (span.start_time - start) / length, 3),
        width=round(100 * span.duration / length, 3),
        role="waited" if kind in ("client", "producer") else "served" if kind == "server" else "own",
        error=tags.get("error", "").lower() == "true",
        attributes=dict(sorted(tags.items())),
    )


def _text(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
