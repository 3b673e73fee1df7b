"""Traces through four services, with fresh ids and the present time."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from bench.pipeline.bodies import Body, Octets, Place, as_octets
from bench.pipeline.encoding import Request, set_attributes, set_resource

SHAPES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("trace.yaml").read_text())["spans"]

TRACES = 64
"""Traces of a round, all at the same time; of so many the first fails."""
SAMPLED = 0x100 | 1


class Process(NamedTuple):
    """Who sends a span."""

    service: str
    instance: int = 0


Placing = Callable[[int, str], Process]
"""Which process has the spans of a service of SHAPES in the trace of a number."""


def place_by_name(_: int, service: str) -> Process:
    """One process for each service."""
    return Process(service)


class Spans:
    """Rounds of traces without end, one request of each process in turn.

    Durations are those of SHAPES, times a factor for each trace whose logarithm has the deviation `spread`.
    """

    def __init__(
        self, seed: int = 1, traces: int = TRACES, placing: Placing = place_by_name, spread: float = 0.0
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._traces, self._spread = traces, spread
        self._bodies = _encode(traces, placing)
        length = max(shape["end"] for shape in SHAPES)
        self._times = {
            place: np.array([(shape[key] - length) * 1_000_000 for shape in SHAPES])
            for place, key in ((Place.START, "begin"), (Place.END, "end"))
        }

    def __iter__(self) -> Iterator[Request]:
        while True:
            now = time.time_ns()
            factors = self._random.lognormal(0, self._spread, (self._traces, 1))
            fresh = {
                place: as_octets(now + (factors * offsets).astype(np.int64).ravel())
                for place, offsets in self._times.items()
            }
            fresh[Place.TRACE] = self._draw(self._traces, 16)
            fresh[Place.SPAN] = self._draw(self._traces * len(SHAPES), 8)
            for body, spans in self._bodies:
                for place, values in fresh.items():
                    body.fill(place, values)
                yield Request(body.encode(), spans)

    def _draw(self, rows: int, width: int) -> Octets:
        return self._random.integers(1, 256, (rows, width), np.uint8)


def _encode(traces: int, placing: Placing) -> list[tuple[Body, int]]:
    """The request of each process, and how many spans are in it."""
    messages: dict[Process, ExportTraceServiceRequest] = {}
    for trace in range(traces):
        for place, shape in enumerate(SHAPES):
            process = placing(trace, shape["service"])
            if process not in messages:
                messages[process] = _begin(process)
            _add_span(messages[process].resource_spans[0].scope_spans[0], trace, place)
    return [
        (Body(message.SerializeToString()), len(message.resource_spans[0].scope_spans[0].spans))
        for message in messages.values()
    ]


def _begin(process: Process) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    set_resource(group, *process)
    scope = group.scope_spans.add().scope
    scope.name, scope.version = "opentelemetry.instrumentation.asgi", "0.66b1"
    return message


def _add_span(scope: ScopeSpans, trace: int, place: int) -> None:
    shape, first = SHAPES[place], trace * len(SHAPES)
    span = scope.spans.add(
        trace_id=Place.TRACE.hold(trace),
        span_id=Place.SPAN.hold(first + place),
        name=shape["name"],
        kind=Span.SpanKind.Value(f"SPAN_KIND_{shape['kind']}"),
        flags=SAMPLED,
        start_time_unix_nano=Place.START.hold_number(first + place),
        end_time_unix_nano=Place.END.hold_number(first + place),
    )
    if "parent" in shape:
        span.parent_span_id = Place.SPAN.hold(first + shape["parent"])
    set_attributes(span.attributes, shape["attributes"], 40_000 + trace)
    if trace % TRACES == 0 and "failure" in shape:
        span.status.code, span.status.message = (
            Status.STATUS_CODE_ERROR,
            shape["failure"]["exception.message"],
        )
        event = span.events.add(name="exception", time_unix_nano=Place.END.hold_number(first + place))
        set_attributes(event.attributes, shape["failure"])
