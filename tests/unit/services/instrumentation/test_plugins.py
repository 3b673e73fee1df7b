"""What others publish for the SDK plugs into a service's telemetry."""

import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from opentelemetry import baggage, context
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.processor.baggage import ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor

from services.instrumentation import Telemetry
from tests.unit.services.instrumentation.conftest import Start
from tests.unit.services.instrumentation.support import FakeCollector, attributes, until


class Anything(BaseHTTPRequestHandler):
    """Answers every request with an empty 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Anything)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def telemetry(collector: FakeCollector, start: Start) -> Telemetry:
    return start(collector.endpoint)


def test_a_span_processor_of_others_adds_to_spans(collector: FakeCollector, telemetry: Telemetry) -> None:
    telemetry.tracer_provider.add_span_processor(BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS))
    token = context.attach(baggage.set_baggage("tenant", "blue"))
    telemetry.tracer.start_span("work").end()
    context.detach(token)
    until(lambda: len(collector.spans()) == 1, "the span")
    assert attributes(collector.spans()[0].attributes) == {"tenant": "blue"}


def test_spans_of_httpx_and_botocore_are_children_in_the_same_trace(
    collector: FakeCollector, telemetry: Telemetry, peer: str
) -> None:
    options = {"tracer_provider": telemetry.tracer_provider, "meter_provider": telemetry.meter_provider}
    instrumentors: list[Any] = [HTTPXClientInstrumentor(), BotocoreInstrumentor()]  # type: ignore[no-untyped-call]
    for instrumentor in instrumentors:
        instrumentor.instrument(**options)
    try:
        with telemetry.tracer.start_as_current_span("request") as request:
            httpx.get(f"{peer}/items")
            read_object(peer)
    finally:
        for instrumentor in instrumentors:
            instrumentor.uninstrument()
    until(lambda: len(collector.spans()) == 3, "three spans")
    parent = request.get_span_context()
    children = [span for span in collector.spans() if span.name != "request"]
    assert {span.name for span in children} == {"GET", "S3.GetObject"}
    assert {span.trace_id for span in children} == {parent.trace_id.to_bytes(16)}
    assert {span.parent_span_id for span in children} == {parent.span_id.to_bytes(8)}


def read_object(endpoint: str) -> bytes:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    try:
        body: io.BufferedIOBase = client.get_object(Bucket="shop", Key="item")["Body"]
        return body.read()
    finally:
        client.close()
