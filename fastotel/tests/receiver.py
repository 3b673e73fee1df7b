"""Where tests receive: an OTLP/HTTP server and a metric exporter, and the package for child processes."""

import gzip
import ssl
import sys
import threading
import time
import tomllib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData

PROJECT = Path(__file__).parents[1]
DEADLINE = 30.0
"""Seconds after which what was expected is taken not to come."""
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


def wait_until(done: Callable[[], Any], what: str, deadline: float = DEADLINE) -> None:
    """Poll until `done` is true. Raises AssertionError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not done():
        assert time.monotonic() < end, f"{what} did not happen within {deadline} s"
        time.sleep(0.01)


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What has been received; `answers` are given in turn as (status, headers), then 200."""

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        """The base address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it."""
        return f"http://127.0.0.1:{self.port}"

    def spans(self) -> list[Any]:
        """All spans received, as protobuf messages."""
        return [
            span
            for request in self.requests
            if request.path.endswith("/v1/traces")
            for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def resources(self) -> list[dict[str, str]]:
        """The resources of all spans received."""
        return [
            {attribute.key: attribute.value.string_value for attribute in part.resource.attributes}
            for request in self.requests
            if request.path.endswith("/v1/traces")
            for part in ExportTraceServiceRequest.FromString(request.body).resource_spans
        ]

    def metrics(self) -> dict[str, Any]:
        """The metrics received last, by name."""
        return {
            metric.name: metric
            for request in self.requests
            if request.path.endswith("/v1/metrics")
            for resource in ExportMetricsServiceRequest.FromString(request.body).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@contextmanager
def receive(tls: tuple[str, str] | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port; it answers while `hold` is set. `tls`: certificate and key."""
    receiver = Receiver()
    receiver.hold.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.hold.wait(DEADLINE)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = _DECODERS.get(headers.get("content-encoding", ""), bytes)(body)
            status, extra = receiver.answers.pop(0) if receiver.answers else (200, {})
            if status == 200:
                receiver.requests.append(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in {"content-length": "0", **extra}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(*tls)
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        server.server_close()


class Kept(MetricExporter):
    """Keeps the metrics exported last, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: dict[str, Any] = {}

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        for part in metrics_data.resource_metrics:
            for scope in part.scope_metrics:
                self.metrics.update({metric.name: metric for metric in scope.metrics})
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        pass


def install(folder: Path) -> str:
    """Make the package and its entry points importable from `folder`; return a PYTHONPATH for that."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    described = folder / f"fastotel-{project['version']}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: fastotel\nVersion: {project['version']}\n"
    )
    points = "\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {target}" for name, target in named.items())
        for group, named in project["entry-points"].items()
    )
    (described / "entry_points.txt").write_text(points)
    return f"{folder}:{PROJECT / 'src'}"


def python(*arguments: str) -> list[str]:
    """Return the command that runs this interpreter."""
    return [sys.executable, *arguments]
