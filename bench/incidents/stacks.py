"""A stack of a run's own: other ports, data that begin empty, the same commands as a person's."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from bench.counts import grow, slices
from bench.incidents.client_samples import SECONDS, TelemetrySample
from diagnosis import Evidence
from diagnosis.collection import collect
from jaeger.client import find, search
from prometheus import queries as q
from prometheus.client import AsyncClient, Client, Request, SourceAway, TimeSeries, query, query_range
from prometheus.indicators import HITS, LABELLED, REQUESTS
from stack import ROOT, StackError
from stack.running.ports import find_free_ports
from stack.settings import Settings

T = TypeVar("T")
RATE = 20
COMMAND_LIMIT = 300.0
TIMEOUT = 10.0
MOST_TRACES, MICROSECOND = 1_500, 1e-6
KEPT = "datasets"
"""The folder that a fresh start leaves: the generated ratings are the same each time."""


@dataclass
class BenchStack:
    """The stack whose data are in the folder `data`; `up` begins anew.

    A command that takes more than `limit` seconds is given up.
    """

    data: Path
    seed: int = 1
    rate: float = RATE
    limit: float = COMMAND_LIMIT
    settings: Mapping[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.Client(timeout=TIMEOUT, trust_env=False)
        self._choose_ports()

    @property
    def environment(self) -> dict[str, str]:
        """What the stack's commands get, on top of this process's own environment."""
        return {
            **os.environ,
            **self.ports,
            "MODE": "processes",
            "ALERTING": "prometheus",
            "GRAFANA_BIN": "",
            "DATASET": "",
            "WHENCE_DATA": str(self.data),
            "DATA_DIR": str(self.data),
            "TRAFFIC_RATE": f"{self.rate:g}",
            "TRAFFIC_SEED": str(self.seed),
            "TRAFFIC_SUMMARY": str(SECONDS),
            "RECOMMENDER_URL": self.url("recommender"),
            **self.settings,
        }

    def url(self, component: str) -> str:
        """The address of a component."""
        return f"http://127.0.0.1:{self.ports[f'{component.upper()}_PORT']}"

    def up(self, seed: int) -> None:
        """Stop what an earlier run left, delete its data, start, return when healthy. Raises StackError."""
        self.seed = seed
        self.down()
        self._choose_ports()
        for left in self.data.glob("*"):
            if left.name != KEPT:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        self.data.mkdir(parents=True, exist_ok=True)
        self.run("stack", "up")

    def down(self) -> None:
        """Stop it; nothing happens when it does not run."""
        self.run("stack", "down")

    def run(self, *command: str, check: bool = True) -> str:
        """`python -m …` for this stack: its output. Raises StackError with what it said if it fails.

        Without `check` only if it takes too long.
        """
        return self._python("-m", *command, check=check)

    def control(self, action: str, process: str) -> None:
        """Starts, stops or restarts one process. Raises StackError."""
        self._python(
            "-c", f"from stack.running.processes import control_process as c; c({action!r}, {process!r})"
        )

    def keep_only(self, names: Collection[str]) -> None:
        """Stops all other processes. Raises StackError."""
        others = f"[p.name for p in read() or [] if p.status == 'Running' and p.name not in {tuple(names)!r}]"
        imports = "from stack.running.processes import control_process as c, read_processes as read"
        self._python("-c", f"{imports}\nfor name in {others}: c('stop', name)")

    def pid(self, process: str) -> int:
        """A process's id now. Raises StackError."""
        listing = "from stack.running.processes import read_processes as read; print(*"
        found = self._python("-c", f"{listing}[p.pid for p in read() or [] if p.name == {process!r}])")
        if not found.strip():
            raise StackError(f"nobody knows of {process}: the stack does not answer, or has no such process")
        return int(found)

    def query(self, promql: str) -> float | None:
        """The value of a query that gives one sample; None when it gives none, or nobody answers."""
        found = _ask(self._prometheus, query(promql), [])
        return found[0].last if found and found[0].points else None

    def count(self, series: str, started: float) -> float:
        """How much a counter grew since a moment (Unix seconds) of at most 15 minutes ago."""
        found = _ask(self._prometheus, query(f"{series}[15m]"), [])
        return grow([each.points for each in found], started)

    def count_traces(self, service: str, operation: str, started: float, ended: float) -> int:
        """The traces with such a span that began between two Unix times."""
        searches = [
            search(service, since, until - MICROSECOND, limit=MOST_TRACES, operation=operation)
            for since, until in slices(started, ended)
        ]
        return sum(len(_ask(self._jaeger, each, [])) for each in searches)

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[TimeSeries]:
        """The series of a range query; none when nobody answers."""
        return _ask(self._prometheus, query_range(promql, start, end, step), [])

    def has_trace(self, trace_id: str) -> bool:
        """Whether Jaeger has spans of it."""
        return bool(_ask(self._jaeger, find(trace_id), []))

    def read_evidence(self, start: float, end: float) -> Evidence:
        """What the diagnosis sees of a window."""
        return asyncio.run(self._collect(start, end))

    async def _collect(self, start: float, end: float) -> Evidence:
        prometheus = AsyncClient("Prometheus", self.url("prometheus"))
        jaeger = AsyncClient("Jaeger", self.url("jaeger"))
        try:
            return (await collect(prometheus, jaeger, start, end)).evidence
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())

    def measure(self) -> TelemetrySample | None:
        """What telemetry says now of labelled requests, hits, and how old that is; None if nobody answers."""
        now = time.time()
        if self.query("vector(1)") is None:
            return None
        newest = self.query(f"max(timestamp({q.select(REQUESTS)}))")
        labelled = self.query(f"sum({q.select(LABELLED)})")
        hits = self.query(f"sum({q.select(HITS)})")
        return TelemetrySample(
            at=now, labelled=labelled or 0, hits=hits or 0, age=now - newest if newest else 300.0
        )

    def diagnose(self, start: float, end: float) -> dict[str, Any]:
        """The incidents service's verdict about a window. Raises StackError."""
        window = {
            name: datetime.fromtimestamp(t, UTC).isoformat() for name, t in (("start", start), ("end", end))
        }
        return dict(self._incidents("POST", "/api/diagnoses", window))

    def incidents(self) -> list[dict[str, Any]]:
        """What the incidents page says of each, newest first. Raises StackError."""
        return list(self._incidents("GET", "/api/incidents")["incidents"])

    def verdicts(self, since: float) -> list[dict[str, Any]]:
        """The history of the first incident that began after a moment: newest first, with `made_at`."""
        newest = [i for i in self.incidents() if datetime.fromisoformat(i["started_at"]).timestamp() > since]
        if not newest:
            return []
        history: list[dict[str, Any]] = self._incidents("GET", f"/api/incidents/{newest[-1]['id']}/verdicts")
        return history

    def latest_verdict(self, services: Collection[str]) -> dict[str, Any] | None:
        """That of the newest incident that has one of the services. Raises StackError."""
        ids = [
            incident["id"]
            for incident in self.incidents()
            if not set(services).isdisjoint(incident["services"])
        ]
        history = self._incidents("GET", f"/api/incidents/{ids[0]}/verdicts") if ids else []
        return history[0]["verdict"] if history else None

    def _incidents(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self.http.request(method, self.url("incidents") + path, json=body, timeout=30)
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise StackError(f"the incidents service does not answer {path}: {error}") from None

    def _choose_ports(self) -> None:
        self.ports = find_free_ports([name for name in Settings.model_fields if name.endswith("_port")])
        self._prometheus = Client("Prometheus", self.url("prometheus"), TIMEOUT)
        self._jaeger = Client("Jaeger", self.url("jaeger"), TIMEOUT)

    def _python(self, *arguments: str, check: bool = True) -> str:
        try:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=self.limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StackError(f"{' '.join(arguments)}: not done after {self.limit:.0f} s") from None
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise StackError(f"{' '.join(arguments)}: {said}")
        return done.stdout


def _ask(client: Client, request: Request[T], otherwise: T) -> T:
    try:
        return client.ask(request)
    except SourceAway:
        return otherwise
