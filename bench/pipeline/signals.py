"""Spans and metric points: how they are made, and where each has to be found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.pipeline.encoding import SERVICE, Request
from bench.pipeline.parts import Parts
from bench.pipeline.points import NAME, SERIES, Points
from bench.pipeline.spans import Spans

Count = Callable[[Parts, float], float]
"""How many a store has: all, or those of the last so many seconds."""


@dataclass(frozen=True)
class Signal:
    """`make` gives requests without end for a rate; `counted` is the name in the collector's own metrics.

    `parts` are those that each span or point goes through, `exporter` is the collector's that sends it on.
    """

    name: str
    counted: str
    path: str
    exporter: str
    parts: Sequence[str]
    make: Callable[[float], Iterable[Request]]
    stores: Mapping[str, Count]


def _spans(parts: Parts, _: float) -> float:
    return parts.count("jaeger", "otelcol_exporter_sent_spans_total")


def _calls(metric: str) -> Count:
    return lambda parts, _: parts.query(f'sum({metric}{{service_name=~"{SERVICE}.*"}})')


def _points(parts: Parts, seconds: float) -> float:
    return parts.query(f'sum(count_over_time({{__name__=~"{NAME}.*"}}[{seconds * 1000:.0f}ms]))')


SPANS = Signal(
    name="spans",
    counted="spans",
    path="/v1/traces",
    exporter="otlp_grpc/jaeger",
    parts=("collector", "jaeger"),
    make=lambda _: Spans(),
    stores={
        "Jaeger": _spans,
        "span metrics": _calls("traces_span_metrics_calls_total"),
        "requests": _calls("traces_requests_calls_total"),
    },
)
POINTS = Signal(
    name="points",
    counted="metric_points",
    path="/v1/metrics",
    exporter="otlp_http/prometheus",
    parts=("collector", "ingest", "prometheus"),
    make=lambda rate: Points(round(rate / SERIES)),
    stores={"Prometheus": _points},
)
