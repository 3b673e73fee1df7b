"""Traces through four services, with fresh ids and the present time."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from bench.pipeline.bodies import Body, Octets, Place, as_octets
from bench.pipeline.encoding import Request, set_attributes, set_resource

SHAPES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("trace.yaml").read_text())["spans"]

TRACES = 64
"""Traces of a round, all at the same time; the first fails."""
SAMPLED = 0x100 | 1


class Spans:
    """Rounds of traces without end, one request of each service in turn."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._bodies = [_encode(service) for service in dict.fromkeys(shape["service"] for shape in SHAPES)]
        length = max(shape["end"] for shape in SHAPES)
        self._times = {
            place: np.tile([(shape[key] - length) * 1_000_000 for shape in SHAPES], TRACES)
            for place, key in ((Place.START, "begin"), (Place.END, "end"))
        }

    def __iter__(self) -> Iterator[Request]:
        while True:
            now = time.time_ns()
            fresh = {place: as_octets(now + offsets) for place, offsets in self._times.items()}
            fresh[Place.TRACE] = self._draw(TRACES, 16)
            fresh[Place.SPAN] = self._draw(TRACES * len(SHAPES), 8)
            for body, spans in self._bodies:
                for place, values in fresh.items():
                    body.fill(place, values)
                yield Request(body.encode(), spans)

    def _draw(self, rows: int, width: int) -> Octets:
        return self._random.integers(1, 256, (rows, width), np.uint8)


def _encode(service: str) -> tuple[Body, int]:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    set_resource(group, service)
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "opentelemetry.instrumentation.asgi", "0.66b1"
    for trace in range(TRACES):
        for place, shape in enumerate(SHAPES):
            if shape["service"] == service:
                _add_span(scope, trace, place)
    return Body(message.SerializeToString()), len(scope.spans)


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
    if trace == 0 and "failure" in shape:
        span.status.code, span.status.message = (
            Status.STATUS_CODE_ERROR,
            shape["failure"]["exception.message"],
        )
        event = span.events.add(name="exception", time_unix_nano=Place.END.hold_number(first + place))
        set_attributes(event.attributes, shape["failure"])
