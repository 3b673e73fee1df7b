"""The benchmark of throughput: what it sends is fresh and whole, what it says follows from what it found."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, repeat
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from rich.console import Console

from bench.pipeline.__main__ import parse_rates
from bench.pipeline.encoding import Request
from bench.pipeline.measurement import Step, find_weakest
from bench.pipeline.parts import add_up
from bench.pipeline.points import SERIES, Points
from bench.pipeline.report import best, conclude, tabulate
from bench.pipeline.sender import Sent, send
from bench.pipeline.signals import SPANS
from bench.pipeline.spans import SHAPES, TRACES, Spans
from stack import StackError

SERVICES = len({shape["service"] for shape in SHAPES})
GOOD = Step(
    rate=1000,
    seconds=20,
    sent=Sent(20_000, 0, 0.0),
    dropped=0,
    stored={"Jaeger": 20_000, "span metrics": 20_000},
    queued=0,
    cores={"collector": 0.04, "ingest": 0.01, "jaeger": 0.1, "prometheus": 0.02, "sender": 0.05},
    busy=0.2,
)

LACKING = {"stored": {"Jaeger": 10_000, "span metrics": 20_000}}


def read_spans(requests: list[Request]) -> list[Span]:
    messages = [ExportTraceServiceRequest.FromString(request.body) for request in requests]
    return [span for message in messages for span in message.resource_spans[0].scope_spans[0].spans]


def test_a_round_of_spans_is_whole_traces_that_end_now() -> None:
    requests = list(islice(Spans(), SERVICES))
    spans = read_spans(requests)
    known = {span.span_id: span for span in spans}
    assert len(known) == len(spans) == sum(request.items for request in requests) == TRACES * len(SHAPES)
    roots = [span for span in spans if not span.parent_span_id]
    assert len({root.trace_id for root in roots}) == len(roots) == TRACES
    for span in spans:
        assert abs(time.time() - span.end_time_unix_nano / 1e9) < 5
        if span.parent_span_id:
            parent = known[span.parent_span_id]
            assert parent.trace_id == span.trace_id
            assert parent.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano
    assert [span.name for span in spans if span.status.code] == ["GET"]


def test_each_round_has_other_ids() -> None:
    spans = read_spans(list(islice(Spans(), 3 * SERVICES)))
    assert len({span.span_id for span in spans}) == 3 * TRACES * len(SHAPES)
    assert len({span.trace_id for span in spans}) == 3 * TRACES


def read_points(request: Request) -> dict[str, list[Any]]:
    (group,) = ExportMetricsServiceRequest.FromString(request.body).resource_metrics
    found: dict[str, list[Any]] = {"sum": [], "exponential_histogram": []}
    for metric in group.scope_metrics[0].metrics:
        kind = metric.WhichOneof("data") or ""
        found[kind].extend(getattr(metric, kind).data_points)
    return found


def test_points_grow_from_round_to_round_and_histograms_agree_with_themselves() -> None:
    first, other, later = (read_points(request) for request in islice(Points(2), 3))
    assert len(first["sum"]) + len(first["exponential_histogram"]) == SERIES
    for kind, points in first.items():
        assert points == other[kind]
        for before, after in zip(points, later[kind], strict=True):
            assert before.attributes == after.attributes and before.time_unix_nano < after.time_unix_nano
    for point in later["exponential_histogram"]:
        assert point.count == sum(point.positive.bucket_counts) > 0
    assert [point.as_int for point in first["sum"]] < [point.as_int for point in later["sum"]]


@contextmanager
def run_receiver(status: int, delay: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            time.sleep(delay)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    finally:
        server.shutdown()
        server.server_close()


def test_requests_are_sent_at_their_rate() -> None:
    with run_receiver(200) as (url, bodies):
        began = time.monotonic()
        sent = send(url, repeat(Request(b"spans", 10)), rate=100, seconds=1)
    assert bodies == [b"spans"] * (sent.accepted // 10) and not sent.refused
    assert 50 <= sent.accepted <= 100 and time.monotonic() - began >= 0.9


def test_what_is_refused_is_counted() -> None:
    with run_receiver(503) as (url, _):
        assert send(url, repeat(Request(b"", 10)), rate=100, seconds=0.5).refused > 0
    assert send(url, repeat(Request(b"", 10)), rate=100, seconds=0.5).refused > 0


def test_a_slow_receiver_makes_the_sender_late_instead_of_more_requests() -> None:
    with run_receiver(200, delay=0.5) as (url, bodies):
        sent = send(url, repeat(Request(b"", 1)), rate=100, seconds=1)
    assert sent.late > 0.4 and sent.accepted == len(bodies) < 50


def test_metrics_are_added_up_over_the_series_with_a_label() -> None:
    text = '# HELP sent x\nsent{to="a",port="1"} 2\nsent{to="b"} 3.5\nsent_not{to="a"} 9\nbare 4\n'
    assert add_up(text, "sent") == 5.5
    assert add_up(text, "sent", 'to="a"') == 2
    assert add_up(text, "bare") == 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sent": Sent(19_000, 0, 3.0)}, "collector: the last request was taken 3.0 s late"),
        (
            {"sent": Sent(19_000, 0, 3.0), "cores": {**GOOD.cores, "sender": 0.95}},
            "sender: it needs 0.95 cores",
        ),
        ({"sent": Sent(19_000, 1_000, 0.0)}, "collector: 1,000 were refused and 0 dropped"),
        ({"dropped": 100}, "collector: 0 were refused and 100 dropped"),
        ({"sent": Sent(19_000, 1_000, 3.0), "queued": 200_000, **LACKING}, "Jaeger: 50.0% were there"),
        ({"stored": {"Jaeger": 19_000, "span metrics": 20_000}, "queued": 900}, "Jaeger: 95.0% were there"),
        ({"stored": {"Jaeger": 20_000, "span metrics": 10_000}}, "span metrics: 50.0% were there"),
    ],
)
def test_the_part_that_gives_way_first_is_named(changed: dict[str, Any], said: str) -> None:
    bad = replace(GOOD, **changed)
    assert find_weakest(bad).startswith(said)
    assert best([GOOD, bad]) is GOOD and best([bad]) is None
    assert said in conclude(SPANS, [GOOD, bad])[-1]


def test_all_kept_in_time_has_no_weakest_part() -> None:
    assert not find_weakest(GOOD)
    (said,) = conclude(SPANS, [GOOD])
    assert "collector 25,000, jaeger 10,000." in said


def test_the_table_has_a_row_per_step() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(tabulate("spans", [GOOD, replace(GOOD, rate=2000)]))
    rows = [line.split() for line in captured.get().splitlines()]
    assert [row[0] for row in rows[-2:]] == ["1,000", "2,000"]
    assert rows[-1][1:4] == ["100.0%"] * 3 and rows[-1][-1] == "25,000"


def test_rates_are_a_list_in_order() -> None:
    assert parse_rates("2000,500") == [500, 2000]
    for wrong in ("", "many", "1", "1000,"):
        with pytest.raises(StackError, match="give spans or points per second"):
            parse_rates(wrong)
