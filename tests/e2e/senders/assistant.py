"""An assistant that calls a language model, told by OpenTelemetry's plain SDK in the gen_ai conventions."""

import threading
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode

Attributes = dict[str, str | int]

SERVICE, PROVIDER, MODEL, HOST = "assistant", "openai", "gpt-4o", "api.llm.example"
EVERY_MS = 5_000
PAUSE = 0.2
"""Seconds between requests."""

OK_SECONDS, REFUSED_SECONDS = 0.8, 0.05
LIMITED = "RateLimitError"
CALL: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": PROVIDER,
    "gen_ai.request.model": MODEL,
    "server.address": HOST,
    "server.port": 443,
}


class Assistant:
    """Its users ask all the time; `throttled` is whether the provider refuses calls as too many."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"service.name": SERVICE, "service.instance.id": "1"})
        self._traces = TracerProvider(resource=resource)
        self._traces.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces"), schedule_delay_millis=1_000)
        )
        exporter = OTLPMetricExporter(f"{endpoint}/v1/metrics")
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=EVERY_MS)
        self._metrics = MeterProvider([reader], resource)
        self._tracer = self._traces.get_tracer("assistant")
        meter = self._metrics.get_meter("assistant")
        self._served = meter.create_histogram("http.server.request.duration", "s")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self._tokens = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self._started = meter.create_histogram("gen_ai.client.operation.time_to_first_chunk", "s")
        self.throttled = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Assistant":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._traces.shutdown()
        self._metrics.shutdown()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self._answer(refused=self.throttled)

    def _answer(self, *, refused: bool) -> None:
        """A request that has just ended: of the user, of the SDK to the model, and of HTTP beneath it."""
        seconds, end = REFUSED_SECONDS if refused else OK_SECONDS, time.time_ns()
        start = end - int(seconds * 1e9)
        code = 500 if refused else 200
        status: Attributes = {
            "http.request.method": "POST",
            "http.response.status_code": code,
            "http.route": "/answers",
        }
        server = self._tracer.start_span("POST /answers", None, SpanKind.SERVER, status, start_time=start)
        context = trace.set_span_in_context(server)
        failed: Attributes = {"error.type": LIMITED} if refused else {}
        call = self._tracer.start_span(
            f"chat {MODEL}", context, SpanKind.CLIENT, {**CALL, **failed}, start_time=start
        )
        http: Attributes = {
            "server.address": HOST,
            "server.port": 443,
            "http.response.status_code": 429 if refused else 200,
        }
        beneath = trace.set_span_in_context(call)
        request = self._tracer.start_span("POST", beneath, SpanKind.CLIENT, http, start_time=start)
        for span in (request, call, server):
            _end(span, end, refused=refused)
        self._served.record(seconds, status)
        self._duration.record(seconds, {**CALL, **failed})
        if not refused:
            self._started.record(0.2, CALL)
            for kind, tokens in (("input", 900), ("output", 150)):
                self._tokens.record(tokens, {**CALL, "gen_ai.token.type": kind})


def _end(span: Span, end: int, *, refused: bool) -> None:
    if refused:
        span.set_status(StatusCode.ERROR)
    span.end(end)
