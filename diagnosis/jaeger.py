"""Searches in Jaeger, and its traces as ours."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from diagnosis.evidence import Span, Trace
from telemetry import attributes as a
from telemetry.instruments import RECOMMENDATION_REQUESTS
from telemetry.spans import SERVER

SLICES = 10
"""Jaeger gives the latest that match: the window is searched in slices, to sample all of it."""

SHRINKING = 0.66
"""Each slice as a part of the one before: when trouble began is not known yet, but it was not long ago."""

ARRIVING = 10.0
"""Seconds before the end that are left out: slow reads, just what is looked for, end after their requests."""

SAMPLED, PICKED = 8, 12
"""Traces per slice; slow ones picked from the last part of the window."""

SLOW = "minDuration"

_KEPT = frozenset({a.MODEL_VERSION, a.RECOMMENDATION_REASON, a.USER_SEGMENT})


def searches(start: float, end: float, deadline: float) -> list[dict[str, str | int]]:
    """Parameters of searches between two Unix times; the last picks what took over `deadline` seconds."""
    last = max(end - ARRIVING, (start + end) / 2)
    edges = [last - (last - start) * SHRINKING**number for number in range(SLICES)]
    found = [_search(*edge, SAMPLED) for edge in pairwise([*edges, last])]
    slow = _search((start + last) / 2, last, PICKED)
    return [*found, slow | {SLOW: f"{deadline * 1000:.0f}ms"}]


def _search(start: float, end: float, limit: int) -> dict[str, str | int]:
    return {
        "service": RECOMMENDATION_REQUESTS.service,
        "operation": SERVER.name,
        "start": int(start * 1_000_000),
        "end": int(end * 1_000_000),
        "limit": limit,
    }


def read_traces(data: Iterable[Mapping[str, Any]] | None, *, picked: bool) -> list[Trace]:
    """The traces of a search's answer; `picked` if it asked for slow ones."""
    return [_read(trace, picked) for trace in data or () if trace.get("spans")]


def _read(trace: Mapping[str, Any], picked: bool) -> Trace:
    spans = sorted(trace["spans"], key=lambda span: span["startTime"])
    start = spans[0]["startTime"]
    end = max(span["startTime"] + span["duration"] for span in spans)
    places = {span["spanID"]: place for place, span in enumerate(spans)}
    processes = trace.get("processes", {})
    return Trace(
        trace_id=trace["traceID"],
        started_at=start / 1_000_000,
        duration_ms=(end - start) / 1_000,
        picked=picked,
        spans=[_read_span(span, start, places, processes) for span in spans],
    )


def _read_span(
    span: Mapping[str, Any], start: int, places: Mapping[str, int], processes: Mapping[str, Any]
) -> Span:
    tags = {tag["key"]: tag["value"] for tag in span.get("tags", ())}
    parents = (ref["spanID"] for ref in span.get("references", ()) if ref["refType"] == "CHILD_OF")
    return Span(
        name=span["operationName"],
        service=processes.get(span.get("processID", ""), {}).get("serviceName", ""),
        parent=places.get(next(parents, "")),
        start_ms=(span["startTime"] - start) / 1_000,
        duration_ms=span["duration"] / 1_000,
        error=str(tags.get("error", "")).lower() == "true",
        attributes={key: value for key, value in tags.items() if key in _KEPT},
    )
