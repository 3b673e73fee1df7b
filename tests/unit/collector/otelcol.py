"""The collector as it is built and configured, between senders in OTLP/JSON and two backends of the tests."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from components.build import ComponentMissing, binary
from stack import ROOT
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually

CONFIG = ROOT / "collector" / "config.yaml"
SPAN_METRICS_BY_OTLP = "yaml:service::pipelines::metrics/span_metrics::exporters: [otlp_http/prometheus]"
"""So that one backend of the tests gets all metrics; remote write is left out."""
JAEGER_RECEIVES = 20 * 2**20
"""Bytes of one message, as in jaeger/config.yaml."""
PORTS = ["COLLECTOR_HEALTH_PORT", "COLLECTOR_METRICS_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "JAEGER"]

Attributes = Mapping[str, Any]
"""Values are strings, numbers, or OTLP/JSON as it is."""


@dataclass(frozen=True)
class Seen:
    """A span or a point of a metric, by the span's or the metric's name, with its resource's attributes."""

    name: str
    resource: dict[str, Any]
    attributes: dict[str, Any]
    message: Any
    metric: Any = None


@dataclass
class Backends(trace_service_pb2_grpc.TraceServiceServicer):
    """Jaeger's receiver and Prometheus', which keep what they are sent."""

    traces: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)

    def Export(
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        self.traces.append(request)
        return ExportTraceServiceResponse()

    def spans(self, service: str) -> list[Seen]:
        return [
            Seen(span.name, _read(group.resource.attributes), _read(span.attributes), span)
            for request in list(self.traces)
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
            if _read(group.resource.attributes).get("service.name") == service
        ]

    def points(self, service: str, metric_name: str = "") -> list[Seen]:
        return [
            Seen(metric.name, _read(group.resource.attributes), _read(point.attributes), point, metric)
            for request in list(self.metrics)
            for group in request.resource_metrics
            for scope in group.scope_metrics
            for metric in scope.metrics
            for point in getattr(metric, metric.WhichOneof("data")).data_points
            if _read(group.resource.attributes).get("service.name") == service
            and metric_name in ("", metric.name)
        ]


def _read(attributes: Sequence[KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return (
        _read(value.kvlist_value.values) if kind == "kvlist_value" else getattr(value, kind or "string_value")
    )


@dataclass
class Collector:
    """A running collector."""

    url: str
    metrics_url: str
    backends: Backends

    def send_spans(self, resource: Attributes, *spans: Mapping[str, Any]) -> None:
        body = {"resource": {"attributes": encode(resource)}, "scopeSpans": [{"spans": list(spans)}]}
        self.post("traces", {"resourceSpans": [body]}).raise_for_status()

    def send_metrics(self, resource: Attributes, *metrics: Mapping[str, Any]) -> None:
        body = {"resource": {"attributes": encode(resource)}, "scopeMetrics": [{"metrics": list(metrics)}]}
        self.post("metrics", {"resourceMetrics": [body]}).raise_for_status()

    def post(self, signal: str, body: Mapping[str, Any]) -> httpx.Response:
        headers = {"content-type": "application/json"}
        return httpx.post(f"{self.url}/v1/{signal}", content=json.dumps(body), headers=headers, timeout=30)

    def own(self, metric: str) -> float:
        """The sum of a metric of the collector itself."""
        lines = httpx.get(self.metrics_url).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(metric))


def encode(attributes: Attributes) -> list[dict[str, Any]]:
    """Attributes as OTLP/JSON has them."""
    return [{"key": key, "value": _encode(value)} for key, value in attributes.items()]


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {"arrayValue": {"values": [_encode(each) for each in value]}}
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return {kinds[type(value)]: str(value) if type(value) is int else value}


def span(name: str = "work", attributes: Attributes | None = None, **more: Any) -> dict[str, Any]:
    """A server's span of 100 ms that has just ended."""
    now = time.time_ns()
    return {
        "traceId": os.urandom(16).hex(),
        "spanId": os.urandom(8).hex(),
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - 10**8),
        "endTimeUnixNano": str(now),
        "attributes": encode(attributes or {}),
        **more,
    }


def counter(name: str, *points: tuple[float, Attributes]) -> dict[str, Any]:
    """A monotonic sum; its points began a minute ago."""
    now = time.time_ns()
    times = {"startTimeUnixNano": str(now - 60 * 10**9), "timeUnixNano": str(now)}
    data = [{"asDouble": value, "attributes": encode(labels), **times} for value, labels in points]
    return {
        "name": name,
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": data},
    }


def histogram(name: str, unit: str, *points: Attributes) -> dict[str, Any]:
    """Per point 100 observations up to 50 and 100 more up to 250, with the sum 20,000."""
    now = time.time_ns()
    data = [
        {
            "startTimeUnixNano": str(now - 60 * 10**9),
            "timeUnixNano": str(now),
            "count": "200",
            "sum": 20_000.0,
            "bucketCounts": ["100", "100", "0"],
            "explicitBounds": [50.0, 250.0],
            "attributes": encode(labels),
        }
        for labels in points
    ]
    return {
        "name": name,
        "unit": unit,
        "histogram": {"aggregationTemporality": 2, "dataPoints": data},
    }


@contextmanager
def run_collector(folder: Path, *extra: Path) -> Iterator[Collector]:
    """The collector with collector/config.yaml and files that add to it."""
    try:
        program = binary("otelcol-whence")
    except ComponentMissing as error:
        pytest.skip(str(error))
    ports, backends = find_free_ports(PORTS), Backends()
    with _jaeger(backends, ports["JAEGER"]), _prometheus(backends) as prometheus_url:
        environment = {
            **os.environ,
            **ports,
            "COLLECTOR_QUEUE_DIR": str(folder / "queue"),
            "JAEGER_OTLP_ENDPOINT": f"127.0.0.1:{ports['JAEGER']}",
            "INGEST_URL": prometheus_url,
        }
        configs = (str(CONFIG), *map(str, extra), SPAN_METRICS_BY_OTLP)
        command = [str(program), *(part for config in configs for part in ("--config", config))]
        with _process(command, environment, folder / "log"):
            health = f"http://127.0.0.1:{ports['COLLECTOR_HEALTH_PORT']}"
            eventually(f"the collector is healthy, see {folder / 'log'}", lambda: _answers(health))
            yield Collector(
                f"http://127.0.0.1:{ports['OTLP_HTTP_PORT']}",
                f"http://127.0.0.1:{ports['COLLECTOR_METRICS_PORT']}/metrics",
                backends,
            )


@contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _jaeger(backends: Backends, port: str) -> Iterator[None]:
    options = [("grpc.max_receive_message_length", JAEGER_RECEIVES)]
    server = grpc.server(ThreadPoolExecutor(4), options=options)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(backends, server)  # type: ignore[no-untyped-call]
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


@contextmanager
def _prometheus(backends: Backends) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            backends.metrics.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ExportMetricsServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
