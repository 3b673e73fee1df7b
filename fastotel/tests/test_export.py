"""What the export promises: nobody waits for it, it is bounded, and what it loses is counted."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastotel.sending import Target
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from receiver import Receiver, receive, wait_until

from fastotel import OtlpSpanProcessor, TracerProvider


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receive() as running:
        yield running


def start(receiver: Receiver, **options: Any) -> tuple[TracerProvider, OtlpSpanProcessor]:
    """Return a provider that sends to the receiver, and its processor."""
    target = Target(f"{receiver.endpoint}/v1/traces", **options.pop("target", {}))
    processor = OtlpSpanProcessor(target, **{"delay": 0.05, **options})
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider, processor


def test_spans_arrive_without_being_asked_for(receiver: Receiver) -> None:
    provider, processor = start(receiver)
    provider.get_tracer("scope").start_span("a").end()
    wait_until(lambda: processor.exported, "the export")
    assert processor.exported == {"": 1} and [span.name for span in receiver.spans()] == ["a"]
    provider.shutdown()


def test_force_flush_sends_all_and_says_so(receiver: Receiver) -> None:
    provider, _ = start(receiver, delay=60, batch_size=4)
    for number in range(10):
        provider.get_tracer("scope").start_span(str(number)).end()
    assert provider.force_flush()
    assert sorted(span.name for span in receiver.spans()) == sorted(map(str, range(10)))
    provider.shutdown()


def test_force_flush_gives_up_in_time(receiver: Receiver) -> None:
    provider, _ = start(receiver, delay=60)
    provider.get_tracer("scope").start_span("a").end()
    receiver.answers += [(503, {"retry-after": "20"})]
    begun = time.monotonic()
    assert not provider.force_flush(300)
    assert time.monotonic() - begun < 5
    provider.shutdown()


def test_shutdown_sends_what_waits_and_later_spans_are_counted(receiver: Receiver) -> None:
    provider, processor = start(receiver, delay=60)
    provider.get_tracer("scope").start_span("in time").end()
    provider.shutdown()
    provider.get_tracer("scope").start_span("late").end()
    assert [span.name for span in receiver.spans()] == ["in time"]
    assert processor.processed["already_shutdown"] == 1


def test_shutdown_of_a_hanging_receiver_takes_no_more_than_five_seconds(receiver: Receiver) -> None:
    provider, _ = start(receiver, delay=60)
    provider.get_tracer("scope").start_span("a").end()
    receiver.hold.clear()
    begun = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - begun < 6.5


def test_a_hanging_receiver_makes_nobody_wait_and_the_queue_is_bounded(receiver: Receiver) -> None:
    provider, processor = start(receiver, delay=0.01, queue_size=50, batch_size=10)
    tracer = provider.get_tracer("scope")
    receiver.hold.clear()
    longest = 0.0
    for _ in range(500):
        begun = time.perf_counter()
        tracer.start_span("a").end()
        longest = max(longest, time.perf_counter() - begun)
    assert longest < 1.0
    assert len(processor) <= 50
    receiver.hold.set()
    assert provider.force_flush()
    lost = processor.processed["queue_full"]
    assert lost > 0
    assert processor.exported[""] + lost == 500 and len(receiver.spans()) == 500 - lost
    provider.shutdown()


def test_a_receiver_that_comes_back_gets_what_waited(receiver: Receiver) -> None:
    receiver.answers += [(503, {"retry-after": "0"}), (502, {}), (429, {"retry-after": "0"})]
    provider, processor = start(receiver)
    provider.get_tracer("scope").start_span("a").end()
    wait_until(receiver.spans, "the export")
    assert len(receiver.spans()) == 1
    provider.shutdown()
    assert processor.exported == {"": 1}


def test_retry_after_is_heeded(receiver: Receiver) -> None:
    receiver.answers += [(503, {"retry-after": "2"})]
    provider, _ = start(receiver)
    provider.get_tracer("scope").start_span("a").end()
    wait_until(lambda: not receiver.answers, "the first attempt")
    begun = time.monotonic()
    wait_until(receiver.spans, "the export")
    assert time.monotonic() - begun > 1.5
    provider.shutdown()


@pytest.mark.parametrize(
    ("answer", "options"), [((400, {}), {}), ((503, {"retry-after": "9"}), {"patience": 1.0})]
)
def test_what_is_refused_is_counted(receiver: Receiver, answer: Any, options: Any) -> None:
    receiver.answers += [answer]
    provider, processor = start(receiver, **options)
    provider.get_tracer("scope").start_span("a").end()
    wait_until(lambda: processor.exported, "the refusal")
    assert processor.exported == {str(answer[0]): 1}
    provider.shutdown()


def test_a_span_that_cannot_be_encoded_breaks_nobody_and_is_counted(receiver: Receiver) -> None:
    provider, processor = start(receiver)
    tracer = provider.get_tracer("scope")
    tracer.start_span("a", start_time=-1).end()
    tracer.start_span("b", start_time=1.5e18).end()  # type: ignore[arg-type]
    assert provider.force_flush()
    assert [span.name for span in receiver.spans()] == ["b"]
    assert processor.processed == {"error": 1, "": 1}
    provider.shutdown()


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_headers_and_compression(receiver: Receiver, compression: str) -> None:
    provider, _ = start(receiver, target={"headers": {"X-Key": "secret"}, "compression": compression})
    provider.get_tracer("scope").start_span("a").end()
    assert provider.force_flush()
    (request,) = receiver.requests
    assert request.headers["x-key"] == "secret" and request.headers["content-encoding"] == compression
    assert len(receiver.spans()) == 1
    provider.shutdown()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_tls_trusts_the_certificate_given_and_no_other(receiver: Receiver, tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with receive(tls=(certificate, key)) as secured:
        for trusted, expected in ((certificate, {"": 1}), (None, {"SSLCertVerificationError": 1})):
            target = Target(f"https://127.0.0.1:{secured.port}/v1/traces", certificate=trusted)
            processor = OtlpSpanProcessor(target, delay=60, patience=0.1)
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(processor)
            provider.get_tracer("scope").start_span("a").end()
            provider.force_flush()
            assert processor.exported == expected
            provider.shutdown()


def test_losses_are_reported_by_the_conventions_names(receiver: Receiver) -> None:
    reader = InMemoryMetricReader()
    meters = SdkMeterProvider([reader], shutdown_on_exit=False)
    provider, _ = start(receiver, delay=60, queue_size=2, batch_size=2, meter_provider=meters)
    receiver.hold.clear()
    tracer = provider.get_tracer("scope")
    for _ in range(20):
        tracer.start_span("a").end()
    data: Any = reader.get_metrics_data()
    found = {
        (metric.name, point.attributes.get("error.type")): point.value
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
    }
    assert found["otel.sdk.processor.span.processed", "queue_full"] >= 16
    assert found["otel.sdk.processor.span.queue.capacity", None] == 2
    assert found["otel.sdk.processor.span.queue.size", None] <= 2
    receiver.hold.set()
    provider.shutdown()


def test_the_processor_serves_the_sdks_provider(receiver: Receiver) -> None:
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(OtlpSpanProcessor(Target(f"{receiver.endpoint}/v1/traces"), delay=60))
    provider.get_tracer("scope").start_span("a", attributes={"b": [1, 2]}).end()
    assert provider.force_flush()
    assert [span.name for span in receiver.spans()] == ["a"]
    provider.shutdown()


def test_unsampled_spans_stay_here(receiver: Receiver) -> None:
    provider, processor = start(receiver)
    sampler = sdk.sampling.StaticSampler(sdk.sampling.Decision.RECORD_ONLY)
    recording = TracerProvider(sampler, shutdown_on_exit=False)
    recording.add_span_processor(processor)
    recording.get_tracer("scope").start_span("a").end()
    assert not processor.processed
    provider.shutdown()


def test_threads_end_with_their_processors(receiver: Receiver) -> None:
    before = set(threading.enumerate())
    provider, _ = start(receiver)
    provider.shutdown()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert "fastotel-export" not in left
