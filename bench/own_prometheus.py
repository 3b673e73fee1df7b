"""A Prometheus of a benchmark's own, with the stack's configuration of what is sent to it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from bench.overhead.processes import Server, find_port, serve
from bench.pipeline.parts import add_up
from components.build import binary
from stack import ROOT, StackError

TIMEOUT = 120.0
PROTOBUF = {"content-type": "application/x-protobuf"}


@dataclass(frozen=True)
class OwnPrometheus:
    """One that runs; its data are in `folder`."""

    server: Server
    folder: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.port}"

    def push(self, bodies: Iterable[bytes]) -> None:
        """Send OTLP requests with metrics, one after the other. Raises StackError if one is refused."""
        with httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=False, headers=PROTOBUF) as client:
            for body in bodies:
                answer = client.post("/api/v1/otlp/v1/metrics", content=body)
                if not answer.is_success:
                    raise StackError(f"Prometheus refused made-up metrics: {answer.text.strip()[:200]}")

    def count(self, metric: str) -> float:
        """The sum of a metric of its own."""
        text = httpx.get(f"{self.url}/metrics", timeout=TIMEOUT, trust_env=False).raise_for_status().text
        return add_up(text, metric)

    def snapshot(self) -> Path:
        """The folder of a block made of all that it has in memory."""
        url = f"{self.url}/api/v1/admin/tsdb/snapshot"
        answer = httpx.post(url, timeout=TIMEOUT, trust_env=False).raise_for_status()
        return self.folder / "data" / "snapshots" / str(answer.json()["data"]["name"])


@contextmanager
def run_prometheus(folder: Path) -> Iterator[OwnPrometheus]:
    """Run one with its data in a folder that is empty. Raises ServerFailed, StackError."""
    stack = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({name: stack[name] for name in ("global", "storage", "otlp")}))
    port = find_port()
    command = [
        str(binary("prometheus")),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=30d",
        "--web.enable-otlp-receiver",
        "--web.enable-admin-api",
        "--log.level=warn",
    ]
    with serve(port, command, {}, "/-/ready") as server:
        yield OwnPrometheus(server, folder)
