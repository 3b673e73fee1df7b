"""Jaeger's HTTP API: searches as requests, and their answers as traces.

https://www.jaegertracing.io/docs/2.13/architecture/apis/#http-json
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus.api import Request

MICROSECONDS = 1_000_000
STATUS_DESCRIPTION = "otel.status_description"
EXCEPTION_TYPE, EXCEPTION_MESSAGE = "exception.type", "exception.message"

Tags = Mapping[str, Any]
"""Attributes by name: text, numbers and flags."""


@dataclass(frozen=True)
class Span:
    """One span; `start_ms` counts from the trace's start.

    `parent` is a span's id, which the trace may not have. `resource` are the attributes of the process.
    `said` is what it recorded of its failure: its exception's type and message, or its status' description.
    """

    span_id: str
    parent: str | None
    name: str
    service: str
    start_ms: float
    duration_ms: float
    tags: Tags
    resource: Tags
    said: str = ""

    @property
    def error(self) -> bool:
        """Whether it is marked as failed."""
        return str(self.tags.get("error", "")).lower() == "true"


@dataclass(frozen=True)
class Trace:
    """One request: its spans, at least one, in order of their start; `started_at` in Unix seconds."""

    trace_id: str
    started_at: float
    spans: tuple[Span, ...]

    @property
    def duration_ms(self) -> float:
        """From the first start to the last end."""
        return max(span.start_ms + span.duration_ms for span in self.spans)


def search(
    service: str,
    start: float,
    end: float,
    *,
    limit: int,
    operation: str = "",
    tags: Mapping[str, str] | None = None,
    slower_than: float | None = None,
) -> Request[list[Trace]]:
    """The latest traces with such a span between two Unix times; `slower_than` in seconds."""
    parameters = {
        "service": service,
        "operation": operation,
        "start": f"{start * MICROSECONDS:.0f}",
        "end": f"{end * MICROSECONDS:.0f}",
        "limit": str(limit),
        "tags": json.dumps(dict(tags)) if tags else "",
        "minDuration": "" if slower_than is None else f"{slower_than * 1000:.0f}ms",
    }
    return Request("/api/traces", {name: value for name, value in parameters.items() if value}, _read_traces)


def find(trace_id: str) -> Request[list[Trace]]:
    """One trace by its id; Jaeger refuses with status 404 what it does not have."""
    return Request(f"/api/traces/{trace_id}", {}, _read_traces)


def _read_traces(body: bytes) -> list[Trace]:
    """The traces of an answer; Jaeger says `null` for none."""
    return [_read_trace(trace) for trace in json.loads(body)["data"] or () if trace["spans"]]


def _read_trace(trace: Mapping[str, Any]) -> Trace:
    raw = sorted(trace["spans"], key=lambda span: span["startTime"])
    start, processes = raw[0]["startTime"], trace.get("processes", {})
    spans = (_read_span(span, start, processes.get(span.get("processID"), {})) for span in raw)
    return Trace(trace["traceID"], start / MICROSECONDS, tuple(spans))


def _read_span(span: Mapping[str, Any], start: int, process: Mapping[str, Any]) -> Span:
    references = span.get("references", ())
    return Span(
        span_id=span["spanID"],
        parent=next((ref["spanID"] for ref in references if ref["refType"] == "CHILD_OF"), None),
        name=span["operationName"],
        service=process.get("serviceName", ""),
        start_ms=(span["startTime"] - start) / 1_000,
        duration_ms=span["duration"] / 1_000,
        tags=(tags := _read_tags(span.get("tags"))),
        resource=_read_tags(process.get("tags")),
        said=_read_exception(span) or str(tags.get(STATUS_DESCRIPTION, "")),
    )


def _read_exception(span: Mapping[str, Any]) -> str:
    """Of its last exception, `type: message`."""
    events = [_read_tags(log.get("fields")) for log in span.get("logs") or ()]
    parts = [
        [str(event[key]) for key in (EXCEPTION_TYPE, EXCEPTION_MESSAGE) if event.get(key)] for event in events
    ]
    return next((": ".join(found) for found in reversed(parts) if found), "")


def _read_tags(tags: Sequence[Mapping[str, Any]] | None) -> Tags:
    return {tag["key"]: tag["value"] for tag in tags or ()}
