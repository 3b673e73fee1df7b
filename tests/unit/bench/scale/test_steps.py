"""The benchmark of size: who sends what, that it is counted, and which prediction misses."""

import threading
from itertools import pairwise
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.pipeline.spans import SHAPES, Spans
from bench.scale.fleet import REPLICAS, ROLES, Fleet
from bench.scale.page import is_within_aim, tabulate
from bench.scale.steps import measure_disk, plan
from bench.scale.traffic import METRICS, TRACES, run_traffic
from stack import StackError
from stack.size.fitting import Prediction, hold_out
from tests.e2e.live import eventually
from tests.unit.bench.pipeline.test_measurement import run_receiver
from tests.unit.stack.test_size import made_up


@pytest.mark.parametrize("services", [1, 3, 4, 10, 50])
def test_every_process_has_a_part_in_some_trace(services: int) -> None:
    fleet = Fleet(services)
    traces = range(fleet.systems * REPLICAS)
    placed = {fleet.place(trace, role) for trace in traces for role in ROLES}
    assert placed == {
        (f"service-{number}", instance) for number in range(services) for instance in range(REPLICAS)
    }
    assert fleet.operations >= len(SHAPES) * REPLICAS


def test_series_of_a_step_are_among_those_of_the_next() -> None:
    loads = [load for _, load in plan()]
    for before, after in pairwise(loads):
        assert before.operations <= after.operations and before.own_series <= after.own_series
    assert {(fleet.services, load.rate) for fleet, load in plan()} >= {
        (services, rate) for services in (1, 10, 50) for rate in (10, 50, 200)
    }


def test_traces_of_a_fleet_are_whole_and_their_durations_differ() -> None:
    fleet = Fleet(10)
    spans: dict[bytes, Span] = {}
    bodies = iter(Spans(traces=12, placing=fleet.place, spread=0.5))
    while len(spans) < 12 * len(SHAPES):
        message = ExportTraceServiceRequest.FromString(next(bodies).body)
        spans |= {span.span_id: span for span in message.resource_spans[0].scope_spans[0].spans}
    roots = [span for span in spans.values() if not span.parent_span_id]
    assert len(roots) == len({span.trace_id for span in spans.values()}) == 12
    assert len({root.end_time_unix_nano - root.start_time_unix_nano for root in roots}) == 12
    for span in spans.values():
        if span.parent_span_id:
            parent = spans[span.parent_span_id]
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano


def test_what_is_sent_is_counted_and_stops_with_the_context() -> None:
    with run_receiver(200) as (url, bodies):
        otlp = url.removesuffix(TRACES)
        with run_traffic(otlp, Fleet(1), 50) as sent:
            eventually("200 traces are sent", lambda: sent[TRACES].items >= 200, 30, 0.05)
        assert sent[TRACES].bytes + sent[METRICS].bytes == sum(map(len, bodies))
        assert threading.active_count() < 10


def test_a_receiver_that_refuses_ends_the_step() -> None:
    with run_receiver(503) as (url, bodies), pytest.raises(StackError, match="refused"):
        with run_traffic(url.removesuffix(TRACES), Fleet(1), 50):
            eventually("something is sent", lambda: bodies, 30, 0.05)


def test_holes_in_files_take_no_disk(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "full").write_bytes(b"x" * 100_000)
    assert 0 <= measure_disk(tmp_path) < 1 << 20


def test_a_total_that_is_predicted_badly_misses_the_aim_and_a_part_alone_does_not() -> None:
    predictions = hold_out(made_up().steps)
    assert is_within_aim(predictions)
    off = {each.quantity: replace_one(predictions, each.quantity) for each in predictions}
    assert not is_within_aim(off["cores in all"]) and not is_within_aim(off["trace bytes/s"])
    assert is_within_aim(off["cores ingest"])


def replace_one(predictions: list[Prediction], quantity: str) -> list[Prediction]:
    return [
        each._replace(predicted=1.3 * each.measured) if each.quantity == quantity else each
        for each in predictions
    ]


def test_the_page_has_the_measured_beside_the_predicted_and_the_sizes() -> None:
    tables = {table.title: table for table in tabulate(made_up())}
    held_out = next(table for title, table in tables.items() if "predicted" in title)
    assert ("services", "quantity", "measured", "predicted", "error") == tuple(held_out.columns)
    sizes = next(table for title, table in tables.items() if title.startswith("Sizes"))
    assert [row[0] for row in sizes.rows][::2] == ["100", "1,000", "10,000", "100,000"]
    assert all(table.to_markdown() for table in tables.values())
