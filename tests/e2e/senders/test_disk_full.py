"""The disk of the collector's queue is full: it refuses and counts what it cannot keep, and stays up."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from components.build import binary
from services.instrumentation import start_telemetry
from stack import ROOT
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount).returncode:
        pytest.skip("a small file system can only be mounted as root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest.fixture
def collector(small_disk: Path) -> Iterator[dict[str, str]]:
    """A collector with its queue there and nobody to send to; its ports by variable name."""
    ports = find_free_ports(
        ["otlp_grpc_port", "otlp_http_port", "collector_health_port", "collector_metrics_port"]
    )
    nobody = {"JAEGER_OTLP_ENDPOINT": "127.0.0.1:1", "PROMETHEUS_URL": "http://127.0.0.1:1"}
    environment = {**os.environ, **ports, **nobody, "COLLECTOR_QUEUE_DIR": str(small_disk / "queue")}
    command = [str(binary("otelcol-whence")), "--config", "collector/config.yaml"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        eventually("the collector is healthy", lambda: _healthy(ports), 20)
        yield ports
        assert process.poll() is None, "the collector ended"
    finally:
        process.terminate()
        process.wait(10)


def test_full_disk_is_counted_and_survived(
    collector: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector['OTLP_HTTP_PORT']}")
    telemetry = start_telemetry("filler")

    def refused() -> bool:
        for _ in range(500):
            telemetry.tracer.start_span("filler", attributes={"filling": "x" * 500}).end()
        return _failed_spans(collector) > 0

    try:
        eventually("spans that found no room are counted", refused, 60, every=0.2)
        assert _healthy(collector)
    finally:
        telemetry.shutdown()


def _failed_spans(ports: dict[str, str]) -> float:
    metrics = httpx.get(f"http://127.0.0.1:{ports['COLLECTOR_METRICS_PORT']}/metrics").text
    name = "otelcol_exporter_enqueue_failed_spans"
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name))


def _healthy(ports: dict[str, str]) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{ports['COLLECTOR_HEALTH_PORT']}/").status_code == 200
    except httpx.HTTPError:
        return False
