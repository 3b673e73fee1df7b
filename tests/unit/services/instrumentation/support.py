"""A collector in the test's own process, and a way to wait for what another thread does."""

import gzip
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import monotonic
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail with `what` was awaited after `seconds`."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"not within {seconds} s: {what}"
        Event().wait(0.01)


class FakeCollector:
    """Keeps what is sent to it by OTLP/HTTP and answers `status` and `body`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status, self.body = 200, b""
        self.attempts = 0
        self.headers: list[dict[str, str]] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self._connections: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                collector._connections.append(self.connection)

            def do_POST(self) -> None:
                status, body = collector.status, collector.body
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                collector.receive(self.path, self._read())
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _read(self) -> bytes:
                body = self.rfile.read(int(self.headers["content-length"]))
                return gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self._connections.clear()

    def receive(self, path: str, body: bytes) -> None:
        self.attempts += path.endswith("/v1/traces")
        if self.status == 200:
            if path.endswith("/v1/traces"):
                self.traces.append(ExportTraceServiceRequest.FromString(body))
            else:
                self.metrics.append(ExportMetricsServiceRequest.FromString(body))

    def spans(self) -> list[Span]:
        return [
            span
            for request in self.traces
            for r in request.resource_spans
            for s in r.scope_spans
            for span in s.spans
        ]

    def metric(self, name: str) -> Any:
        """The metric of this name as it was last sent."""
        for request in reversed(self.metrics):
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        if metric.name == name:
                            return metric
        return None

    def resource(self) -> dict[str, Any]:
        """The attributes of the resource that spans last came with."""
        return attributes(self.traces[-1].resource_spans[0].resource.attributes)

    def sums(self, name: str) -> dict[str, int]:
        """The last values of a sum by their `error.type`, empty for those without."""
        metric = self.metric(name)
        points = metric.sum.data_points if metric else []
        return {attributes(point.attributes).get("error.type", ""): point.as_int for point in points}


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Plain values of encoded attributes."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_collector() -> Iterator[FakeCollector]:
    """A collector that is up."""
    collector = FakeCollector(free_port())
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()
