"""The processes of a measurement: a collector of its own, and one server at a time."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil

from components.build import binary
from stack.running.ports import find_free_ports

START_SECONDS = 60.0
COLLECTOR = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}
exporters:
  debug: {{}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [debug]}}
    metrics: {{receivers: [otlp], exporters: [debug]}}
"""


class ServerFailed(Exception):
    """A server did not come up; the message says which and what it printed last."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all threads; the kernel counts in steps of 10 ms."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system


@contextmanager
def run_collector() -> Iterator[int]:
    """Run a collector that discards what it receives, and yield its port for OTLP over HTTP."""
    port = int(find_free_ports(["http"])["HTTP"])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(COLLECTOR.format(port=port))
        command = [str(binary("otelcol-whence")), "--config", str(config)]
        with _run(command, os.environ, Path(folder) / "log") as process:
            _await(process, Path(folder) / "log", f"http://127.0.0.1:{port}/v1/traces", 405)
            yield port


@contextmanager
def run_server(launcher: Sequence[str], environment: Mapping[str, str], ready: str) -> Iterator[Server]:
    """Run the app `environment` chooses under uvicorn, one worker, and wait until `ready` answers 200."""
    port = find_port()
    command = [*launcher, "-m", "uvicorn", "--factory", "bench.overhead.variants:create_app"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with serve(port, command, environment, ready) as server:
        yield server


def find_port() -> int:
    """A port that nobody uses."""
    return int(find_free_ports(["server"])["SERVER"])


@contextmanager
def serve(port: int, command: Sequence[str], environment: Mapping[str, str], ready: str) -> Iterator[Server]:
    """Run a server that listens on `port`, and wait until `ready` answers 200. Raises ServerFailed."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with _run(list(command), {**os.environ, **environment}, log) as process:
            _await(process, log, f"http://127.0.0.1:{port}{ready}", 200)
            yield Server(port, process.pid)


@contextmanager
def _run(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: subprocess.Popen[bytes], log: Path, url: str, status: int) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=1).status_code == status:
                return
        except httpx.TransportError:
            pass
        sleep(0.05)
    last = log.read_text(errors="replace").strip().splitlines()[-3:]
    raise ServerFailed(f"{url} did not answer {status}: {' | '.join(last) or 'nothing was printed'}")
