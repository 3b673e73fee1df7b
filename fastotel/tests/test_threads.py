"""Threads that change what another one reads, switched every 10 µs: nothing raises and nothing is lost."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastotel.encoding import encode_span
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from receiver import Kept

from fastotel import MeterProvider, TracerProvider

ROUNDS = 3_000
THREADS = 4


@pytest.fixture(autouse=True)
def hasty() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(*works: Callable[[], Any], done: threading.Event | None = None) -> None:
    """Run all at once, with `done` set when the first has ended; what one raises is raised here."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            if done is not None and work is works[0]:
                done.set()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Encoding(SpanProcessor):
    """Encodes every ended span twice and keeps it."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)
        assert encode_span(span) == encode_span(span), "an ended span has changed"


def test_a_span_changed_while_it_ends_is_exported_whole() -> None:
    processor = Encoding()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("scope")
    current = [tracer.start_span("first")]
    done = threading.Event()

    many = {f"key {number}": number for number in range(100)}

    def change() -> None:
        while not done.is_set():
            current[0].set_attributes(many)
            current[0].set_attribute("list", [1])
            current[0].add_event("event")

    def finish() -> None:
        for _ in range(ROUNDS):
            span = tracer.start_span("span")
            current[0] = span
            time.sleep(0)  # lets the other thread begin
            span.end()

    together(finish, change, done=done)
    assert len(processor.spans) == ROUNDS
    for span in processor.spans:
        assert len(Message.FromString(encode_span(span)).attributes) == len(span.attributes or {})


def test_a_live_span_is_read_while_it_changes() -> None:
    span: Any = TracerProvider(shutdown_on_exit=False).get_tracer("scope").start_span("a")
    done = threading.Event()

    def write() -> None:
        for number in range(ROUNDS):
            span.set_attribute(f"key {number % 100}", number)

    def read() -> None:
        while not done.is_set():
            assert all(key for key, _ in span.attributes.items())

    together(write, read, read, done=done)


def test_only_one_end_counts() -> None:
    processor = Encoding()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    spans = [provider.get_tracer("scope").start_span(str(number)) for number in range(500)]

    def finish() -> None:
        for span in spans:
            span.end()

    together(*[finish] * THREADS)
    assert len(processor.spans) == len(spans)


@pytest.mark.parametrize("exponential", [False, True])
def test_no_measurement_is_lost(exponential: bool) -> None:
    kept = Kept()
    provider = MeterProvider(exporters=[kept], exponential=exponential, shutdown_on_exit=False)
    meter = provider.get_meter("scope")
    counter, histogram = meter.create_counter("counter"), meter.create_histogram("histogram")
    level = meter.create_up_down_counter("level")
    done = threading.Event()

    def measure() -> None:
        for number in range(ROUNDS):
            counter.add(1, {"a": number % 7, "list": [number % 3]})
            level.add(1)
            histogram.record(number, {"a": number % 5})
            level.add(-1)

    def collect() -> None:
        while not done.is_set():
            provider.force_flush()

    collecting = threading.Thread(target=collect)
    collecting.start()
    together(*[measure] * THREADS)
    done.set()
    collecting.join()
    provider.force_flush()
    data = {name: metric.data for name, metric in kept.metrics.items()}
    assert sum(point.value for point in data["counter"].data_points) == THREADS * ROUNDS
    assert len(data["counter"].data_points) == 21
    assert [point.value for point in data["level"].data_points] == [0]
    assert sum(point.count for point in data["histogram"].data_points) == THREADS * ROUNDS
    assert sum(point.sum for point in data["histogram"].data_points) == THREADS * sum(range(ROUNDS))
    provider.shutdown()
