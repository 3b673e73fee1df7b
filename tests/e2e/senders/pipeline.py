"""Collector, ingest, Prometheus and Jaeger of the tests' own, with the project's configuration."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from components.build import binary
from stack import ROOT
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually

OF_THE_COLLECTOR = ("otlp_grpc_port", "otlp_http_port", "collector_health_port", "collector_metrics_port")
OF_JAEGER = (
    "jaeger_port",
    "jaeger_query_grpc_port",
    "jaeger_metrics_port",
    "jaeger_health_port",
    "jaeger_otlp_port",
)
PORTS = ("prometheus_port", "ingest_port", *OF_JAEGER, *OF_THE_COLLECTOR)
PROTOBUF = {"content-type": "application/x-protobuf"}


@dataclass(frozen=True)
class Pipeline:
    """Where its parts are, and what they know."""

    http: httpx.Client
    ports: dict[str, str]

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port.upper()]}"

    def post(self, port: str, body: bytes, signal: str = "metrics") -> int:
        """The status that a signal is answered with."""
        answer = self.http.post(f"{self.url(port)}/v1/{signal}", content=body, headers=PROTOBUF)
        return answer.status_code

    def query(self, promql: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"{self.url('prometheus_port')}/api/v1/query", params={"query": promql}).json()
        assert answer["status"] == "success", f"{promql}: {answer}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, promql: str) -> float:
        """The value of the first sample, 0 without one."""
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else 0.0


@contextmanager
def run_pipeline(folder: Path, *, jaeger: bool = False, **settings: str) -> Iterator[Pipeline]:
    """All, healthy, Jaeger if wanted; `settings` are environment variables. Raises ComponentMissing."""
    programs = {name: binary(name) for name in ("prometheus", "otelcol-whence", "jaeger")}
    ports = find_free_ports(PORTS)
    environment = {**os.environ, **ports, **settings} | {
        "BIND_HOST": "127.0.0.1",
        "PROMETHEUS_URL": f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}",
        "INGEST_URL": f"http://127.0.0.1:{ports['INGEST_PORT']}",
        "JAEGER_OTLP_ENDPOINT": f"127.0.0.1:{ports['JAEGER_OTLP_PORT']}",
        "JAEGER_DATA_DIR": str(folder / "badger"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ports['OTLP_HTTP_PORT']}",
        "COLLECTOR_QUEUE_DIR": str(folder / "queue"),
    }
    (folder / "prometheus.yml").write_text((ROOT / "prometheus" / "prometheus.yml").read_text())
    prometheus = [str(programs["prometheus"]), f"--config.file={folder}/prometheus.yml"]
    prometheus += [f"--web.listen-address=127.0.0.1:{ports['PROMETHEUS_PORT']}"]
    prometheus += [f"--storage.tsdb.path={folder}/data", "--web.enable-otlp-receiver", "--log.level=error"]
    prometheus += ["--web.enable-remote-write-receiver"]
    collector = [str(programs["otelcol-whence"]), "--config", str(ROOT / "collector" / "config.yaml")]
    with ExitStack() as running:
        http = running.enter_context(httpx.Client(timeout=30, trust_env=False))

        def start(name: str, command: list[str], health: str) -> None:
            log = running.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            running.callback(process.wait, 30)
            running.callback(process.terminate)
            eventually(f"{name} is healthy", lambda: _answers(http, health), 60, 0.1)

        address = "http://127.0.0.1:{}"
        start("prometheus", prometheus, address.format(ports["PROMETHEUS_PORT"]) + "/-/ready")
        if jaeger:
            command = [str(programs["jaeger"]), "--config", str(ROOT / "jaeger" / "config.yaml")]
            start("jaeger", command, address.format(ports["JAEGER_HEALTH_PORT"]) + "/status")
        start(
            "ingest",
            [sys.executable, "-m", "services.ingest"],
            address.format(ports["INGEST_PORT"]) + "/readyz",
        )
        start("collector", collector, address.format(ports["COLLECTOR_HEALTH_PORT"]))
        yield Pipeline(http, ports)


def _answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).is_success
    except httpx.HTTPError:
        return False
