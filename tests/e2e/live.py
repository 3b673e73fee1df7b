"""A stack of the tests' own: other ports, other data, the same commands."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from stack import ROOT
from stack.running.ports import find_free_ports
from stack.settings import Settings

T = TypeVar("T")


def eventually(
    description: str, probe: Callable[[], T | None], deadline: float = 30, every: float = 0.5
) -> T:
    """The first truthy answer of `probe`, asked again and again for `deadline` seconds."""
    end = time.monotonic() + deadline
    pause = threading.Event()
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:.0f} s: {description}; last answer: {answer!r}")
        pause.wait(every)


def eventually_equal(
    description: str, expected: object, probe: Callable[[], object], deadline: float = 30, every: float = 0.5
) -> None:
    """Asks until the answer of `probe` is `expected`; the failure shows the last answer."""
    answers: list[object] = []

    def equal() -> bool:
        answers[:] = [probe()]
        return answers == [expected]

    try:
        eventually(description, equal, deadline, every)
    except AssertionError:
        raise AssertionError(
            f"not within {deadline:.0f} s: {description}: {answers[0]!r}, not {expected!r}"
        ) from None


@dataclass
class Stack:
    """A running stack: its commands and its APIs."""

    data: Path
    dataset: str = ""
    ports: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [name for name in Settings.model_fields if name.endswith("_port")]
        self.ports = find_free_ports(names)
        self.environment = {
            **os.environ,
            **self.ports,
            "WHENCE_DATA": str(self.data),
            "DATASET": self.dataset,
        }
        self.environment |= {"TRAFFIC_RATE": "20", "GRAFANA_BIN": "", "ALERTING": "prometheus"}
        self.environment |= {"MODE": "processes"}
        self.environment |= {"RECOMMENDER_URL": self.url("recommender"), "DATA_DIR": str(self.data)}
        self.http = httpx.Client(timeout=10)

    @property
    def rate(self) -> float:
        """Requests per second of the simulated users."""
        return float(self.environment["TRAFFIC_RATE"])

    def has(self, needs: str | None) -> bool:
        """Whether there has to be data that needs this."""
        settings = Settings(scale="1" if self.environment.get("SCALE") else "")
        return needs is None or needs in settings.has

    def url(self, component: str) -> str:
        return f"http://127.0.0.1:{self.ports[f'{component.upper()}_PORT']}"

    def run(
        self, *command: str, timeout: float = 300, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """`python -m …` with this stack's environment; its output is shown when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
        return done

    def control(self, action: str, process: str) -> None:
        """Starts, stops or restarts one process through process-compose."""
        script = (
            f"from stack.running.processes import control_process; control_process({action!r}, {process!r})"
        )
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=self.environment, check=True)

    def pid(self, process: str) -> int:
        script = "from stack.running.processes import read_processes as read\n"
        script += f"print({{p.name: p.pid for p in read()}}[{process!r}])"
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return int(done.stdout)

    def send_traffic(self, requests: int, rate: float, timeout: float = 300) -> dict[str, Any]:
        """A bounded run of simulated users: their own count of what they sent and got."""
        done = self.run(
            "services.demo.traffic", "--requests", str(requests), "--rate", str(rate), timeout=timeout
        )
        summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return summary

    def query(self, promql: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant PromQL query."""
        parameters: dict[str, Any] = {"query": promql} | ({"time": at} if at else {})
        answer = self.http.get(f"{self.url('prometheus')}/api/v1/query", params=parameters).json()
        assert answer["status"] == "success", f"{promql}: {answer}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def value(self, promql: str, at: float | None = None) -> float | None:
        """The value of a query that gives one sample; None when it gives none."""
        result = self.query(promql, at)
        return float(result[0]["value"][1]) if result else None

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """A trace's spans, each with `tags` and `process_tags` as dicts and `parent` (span id or None)."""
        answer = self.http.get(f"{self.url('jaeger')}/api/traces/{trace_id}").json()
        return [span for trace in answer.get("data") or () for span in _flatten(trace)]

    def traces(self, **parameters: Any) -> list[dict[str, Any]]:
        answer = self.http.get(f"{self.url('jaeger')}/api/traces", params=parameters).json()
        traces: list[dict[str, Any]] = answer.get("data") or []
        return traces

    def alert(self, name: str) -> dict[str, Any] | None:
        """The newest alert of a name in the inbox."""
        incidents = self.http.get(f"{self.url('incidents')}/api/incidents").json()["incidents"]
        found = [alert for incident in incidents for alert in incident["alerts"] if alert["name"] == name]
        return max(found, key=lambda alert: datetime.fromisoformat(alert["starts_at"]), default=None)


def _flatten(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **span,
            "tags": {tag["key"]: tag["value"] for tag in span["tags"]},
            "parent": next((r["spanID"] for r in span["references"] if r["refType"] == "CHILD_OF"), None),
            "process_tags": {
                tag["key"]: tag["value"] for tag in trace["processes"][span["processID"]]["tags"]
            },
        }
        for span in trace["spans"]
    ]


@contextmanager
def running(stack: Stack, *command: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m …` with this stack's environment, in the background; ended with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=stack.environment | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stopped(stack: Stack, process: str) -> Iterator[None]:
    """Without one process of the stack."""
    stack.control("stop", process)
    try:
        yield
    finally:
        stack.control("start", process)
