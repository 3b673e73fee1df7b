"""Jaeger as it is configured stores what services send, and sends nothing of its own work."""

import os
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from components.build import ComponentMissing, binary
from stack import ROOT
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually
from tests.e2e.senders.pipeline import OF_JAEGER


def test_nothing_is_exported_to_the_endpoint_of_the_services(tmp_path: Path) -> None:
    try:
        program = binary("jaeger")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    ports = find_free_ports(OF_JAEGER)
    with socket.create_server(("127.0.0.1", 0)) as endpoint, (tmp_path / "log").open("wb") as log:
        endpoint.setblocking(False)
        given = {
            "JAEGER_DATA_DIR": str(tmp_path / "badger"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{endpoint.getsockname()[1]}",
            "PROMETHEUS_URL": "http://127.0.0.1:9",
        }
        with subprocess.Popen(
            [program, "--config", ROOT / "jaeger" / "config.yaml"],
            env={**os.environ, **ports, **given},
            stdout=log,
            stderr=log,
        ) as jaeger:
            services = f"http://127.0.0.1:{ports['JAEGER_PORT']}/api/services"
            try:
                eventually("Jaeger answers", lambda: _answers(services), 60, 0.1)
            finally:
                jaeger.terminate()  # it sends what is left before it ends
        with pytest.raises(BlockingIOError):
            endpoint.accept()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
