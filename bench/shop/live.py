"""A stack and a shop of a run's own: other ports, data that begin empty, the same commands as a person's."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path

from bench.incidents.stacks import BenchStack
from bench.shop.case import UNLISTED, Alert, Counts
from components import build as builds
from diagnosis.topology.live import Collected, collect_services
from examples.shop.faults.catalogue import MORE
from examples.shop.run.settings import CONFIGURATION, Ports, read_shop
from examples.shop.users.tally import read_windows
from prometheus.client import AsyncClient
from stack import ROOT, StackError
from stack.ports import find_free_ports

PYTHON = ROOT / ".cache" / "shop" / "bin" / "python"
COMMAND_LIMIT = 600.0
WINDOW = 2.0
"""Seconds of each of the users' counts."""

STEP = 5.0


def make_environment(data: Path, otlp: str, **settings: str) -> dict[str, str]:
    """What the commands of a shop on free ports get; its telemetry goes to `otlp` (host:port)."""
    return {
        **os.environ,
        **find_free_ports([f"SHOP_{field.name.upper()}_PORT" for field in fields(Ports)]),
        "MODE": "processes",
        "SHOP_DATA": str(data),
        "SHOP_OTLP": otlp,
        "SHOP_WINDOW": str(WINDOW),
        "SHOP_TOXIPROXY": str(builds.binary("toxiproxy-server")),
        "SHOP_PROCESS_COMPOSE": str(builds.binary("process-compose")),
        **settings,
    }


def run_shop(environment: Mapping[str, str], *arguments: str) -> str:
    """One of the shop's commands: its output. Raises StackError with what it said."""
    done = subprocess.run(
        [PYTHON, "-m", "examples.shop", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT,
        check=False,
    )
    if done.returncode:
        raise StackError(f"shop {' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class LiveShop:
    """Both; `up` begins anew, `down` stops both."""

    def __init__(self, folder: Path) -> None:
        self.stack = BenchStack(folder / "stack", rate=1, settings={"WHENCE_CONFIG": str(CONFIGURATION)})
        self._data = folder / "shop"
        self._environment: dict[str, str] = {}

    def up(self, seed: int) -> None:
        """Return when both are healthy. Raises StackError."""
        self.stack.data.mkdir(parents=True, exist_ok=True)
        self._data.mkdir(parents=True, exist_ok=True)
        self.stack.up(seed)
        otlp = f"127.0.0.1:{self.stack.ports['OTLP_HTTP_PORT']}"
        self._environment = make_environment(self._data, otlp, SHOP_SEED=str(seed), **{MORE: str(UNLISTED)})
        self.shop("up")

    def down(self) -> None:
        """Raises StackError."""
        try:
            if self._environment:
                self.shop("down")
        finally:
            self.stack.down()

    def shop(self, *arguments: str) -> None:
        """One of the shop's commands. Raises StackError with what it said."""
        run_shop(self._environment, *arguments)

    def count(self, since: float, until: float) -> Counts:
        """What users saw between two Unix times."""
        windows = read_windows(read_shop(self._environment).counts, since, until)
        sent = sum(window["sent"] for window in windows)
        return Counts(
            failed=sum(window["failed"] for window in windows) / max(1, sent),
            p95=statistics.median(window["p95"] for window in windows) if windows else 0.0,
        )

    def alerts(self, since: float) -> list[Alert]:
        """Those on services of the shop, by the time they began to fire."""
        firing = 'ALERTS{alertstate="firing", service_name=~"shop-.*"}'
        found = self.stack.query_range(firing, since, time.time(), STEP)
        alerts = [
            Alert(
                name=series.labels["alertname"], service=series.labels["service_name"], at=series.points[0][0]
            )
            for series in found
            if series.points
        ]
        return sorted(alerts, key=lambda alert: alert.at)

    def collect(self, start: float, end: float, services: Collection[str]) -> Collected:
        """What a diagnosis of these services sees of a window."""
        return asyncio.run(self._collect(start, end, services))

    async def _collect(self, start: float, end: float, services: Collection[str]) -> Collected:
        prometheus = AsyncClient("Prometheus", self.stack.url("prometheus"))
        jaeger = AsyncClient("Jaeger", self.stack.url("jaeger"))
        try:
            return await collect_services(prometheus, jaeger, start, end, services)
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())
