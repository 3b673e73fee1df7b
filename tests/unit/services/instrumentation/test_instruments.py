"""Instruments count exactly, in few series, and histograms keep their promise of precision and exemplars."""

from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.metrics import Histogram as SdkHistogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.instrumentation import forget, start_telemetry
from services.instrumentation.histogram import MAX_BUCKETS
from services.instrumentation.instruments import MAX_SERIES, Counter, Histogram
from telemetry.instruments import INSTRUMENTS, Instrument, Kind

COUNTER = Instrument("things.done", Kind.COUNTER, "{thing}", "Things done.")
UP_DOWN = Instrument("things.active", Kind.UP_DOWN_COUNTER, "{thing}", "Things under way.")
GAUGE = Instrument("things.best", Kind.GAUGE, "{thing}", "The best of things.")
HISTOGRAM = Instrument("things.duration", Kind.HISTOGRAM, "s", "How long things take.")
DURATIONS = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=60)


class Bench:
    """Instruments of a telemetry that is read in memory."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.telemetry = start_telemetry(
            "shop", span_exporter=InMemorySpanExporter(), metric_reader=self.reader
        )

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return [
            point
            for scope in data.resource_metrics[0].scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_sums_are_kept_per_attribute_set_whatever_the_order(bench: Bench) -> None:
    counter = bench.telemetry.instrument(COUNTER)
    counter.add(2, {"a": "1", "b": "2"})
    counter.add(3, {"b": "2", "a": "1"})
    counter.add(1)
    assert {frozenset(p.attributes.items()): p.value for p in bench.points("things.done")} == {
        frozenset({("a", "1"), ("b", "2")}): 5,
        frozenset(): 1,
    }


def test_sums_go_on_from_export_to_export(bench: Bench) -> None:
    bench.telemetry.instrument(COUNTER).add(1)
    (first,) = bench.points("things.done")
    bench.telemetry.instrument(COUNTER).add(1)
    (second,) = bench.points("things.done")
    assert (first.value, second.value) == (1, 2)
    assert first.start_time_unix_nano == second.start_time_unix_nano < second.time_unix_nano


def test_an_up_down_counter_returns_to_zero_and_a_gauge_keeps_its_last_value(bench: Bench) -> None:
    active, best = bench.telemetry.instrument(UP_DOWN), bench.telemetry.instrument(GAUGE)
    for change in (1, 1, -2):
        active.add(change)
    for value in (5, -3):
        best.set(value)
    assert bench.points("things.active")[0].value == 0
    assert [bench.points("things.best")[0].value for _ in range(2)] == [-3, -3]


def test_no_count_is_lost_between_threads() -> None:
    counter, histogram = Counter("c"), Histogram("h")

    def work(worker: int) -> None:
        for number in range(5_000):
            counter.add(1, {"worker": worker % 2})
            histogram.record(number + 0.5)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sum(point.value for point in counter.points.collect(0)) == 20_000
    (point,) = histogram.points.collect(0)
    assert point.count == sum(point.positive.bucket_counts) == 20_000


def test_attribute_sets_are_bounded_and_the_rest_is_counted_together() -> None:
    counter = Counter("c")
    for number in range(MAX_SERIES + 50):
        counter.add(1, {"user": number})
    points = counter.points.collect(0)
    assert len(points) == MAX_SERIES + 1
    assert points[-1].attributes == {"otel.metric.overflow": True}
    assert points[-1].value == 50


@pytest.mark.parametrize("amount", [-1, nan, inf])
def test_impossible_values_are_ignored_and_that_is_said_once(
    amount: float, bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.instrumentation.instruments._refused", set())
    for _ in range(3):
        bench.telemetry.instrument(COUNTER).add(amount)
        bench.telemetry.instrument(HISTOGRAM).record(amount)
    assert not bench.points("things.done") and not bench.points("things.duration")
    assert caplog.text.count("things.done") == caplog.text.count("things.duration") == 1


@settings(deadline=None)
@given(DURATIONS)
def test_every_value_lies_in_its_bucket(values: list[float]) -> None:
    histogram = Histogram("h")
    for value in values:
        histogram.record(value)
    (point,) = histogram.points.collect(0)
    counts, base = point.positive.bucket_counts, 2**2.0**-point.scale
    assert len(counts) <= MAX_BUCKETS
    assert (point.count, point.min, point.max) == (len(values), min(values), max(values))
    assert point.sum == pytest.approx(sum(values))
    for place, count in enumerate(counts):
        low, high = base ** (point.positive.offset + place), base ** (point.positive.offset + place + 1)
        inside = sum(low * (1 + 1e-9) < value <= high * (1 - 1e-9) for value in values)
        near = sum(low * (1 - 1e-9) < value <= high * (1 + 1e-9) for value in values)
        assert inside <= count <= near


@settings(deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200))
def test_buckets_are_those_of_the_sdk_at_the_same_scale(values: list[float]) -> None:
    reader = InMemoryMetricReader({}, {SdkHistogram: ExponentialBucketHistogramAggregation(max_scale=8)})
    theirs = MeterProvider([reader], shutdown_on_exit=False).get_meter("m").create_histogram("h")
    ours = Histogram("h")
    for value in values:
        theirs.record(value)
        ours.record(value)
    data: Any = reader.get_metrics_data()
    expected = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0]
    (point,) = ours.points.collect(0)
    assert (point.scale, point.zero_count, point.count) == (expected.scale, 0, expected.count)
    assert by_index(point) == by_index(expected)


def by_index(point: Any) -> dict[int, int]:
    """The buckets that hold something."""
    counts = enumerate(point.positive.bucket_counts, start=point.positive.offset)
    return {index: count for index, count in counts if count}


def test_a_forgotten_gauge_is_no_longer_reported_until_it_is_set_again(bench: Bench) -> None:
    gauge = bench.telemetry.instrument(GAUGE)
    gauge.set(1, {"which": "a"})
    gauge.set(2, {"which": "b"})
    for _ in range(2):
        forget(gauge, {"which": "a"})
        assert [point.value for point in bench.points(GAUGE.name)] == [2]
    gauge.set(3, {"which": "a"})
    assert sorted(point.value for point in bench.points(GAUGE.name)) == [2, 3]


def test_zero_is_counted_apart() -> None:
    histogram = Histogram("h")
    histogram.record(0)
    (point,) = histogram.points.collect(0)
    assert (point.zero_count, point.count, list(point.positive.bucket_counts)) == (1, 1, [])


def test_exemplars_name_the_traces_of_fast_and_slow_alike(bench: Bench) -> None:
    histogram = bench.telemetry.instrument(HISTOGRAM)
    for seconds in (0.01, 0.011, 0.012, 1.5):
        with bench.telemetry.tracer.start_as_current_span("work") as span:
            histogram.record(seconds)
    (point,) = bench.points("things.duration")
    assert [exemplar.value for exemplar in point.exemplars] == [0.01, 1.5]
    assert point.exemplars[1].trace_id == span.get_span_context().trace_id
    assert point.exemplars[1].span_id == span.get_span_context().span_id


def test_exemplars_follow_a_context_given_and_are_not_repeated(bench: Bench) -> None:
    span = bench.telemetry.tracer.start_span("work")
    context = trace.set_span_in_context(span)
    bench.telemetry.instrument(HISTOGRAM).record(0.2, {}, context)
    assert bench.points("things.duration")[0].exemplars[0].span_id == span.get_span_context().span_id
    assert bench.points("things.duration")[0].exemplars == []


def test_without_a_sampled_trace_there_is_no_exemplar(bench: Bench) -> None:
    bench.telemetry.instrument(HISTOGRAM).record(0.2)
    assert bench.points("things.duration")[0].exemplars == []


def test_every_entry_of_the_registry_can_be_made_and_is_made_once(bench: Bench) -> None:
    for entry in INSTRUMENTS:
        assert bench.telemetry.instrument(entry) is bench.telemetry.instrument(entry)
