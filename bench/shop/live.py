"""A stack and a shop of a run's own: other ports, data that begin empty, the same commands as a person's."""

import asyncio
import os
import statistics
import subprocess
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.incidents.stacks import BenchStack
from bench.shop.case import Alert, Counts
from components import build as builds
from diagnosis.topology.live import Collected, collect_services
from examples.shop.run.settings import Ports, read_shop
from examples.shop.users.tally import read_windows
from prometheus.client import AsyncClient
from stack import ROOT, StackError
from stack.ports import find_free_ports

PYTHON = ROOT / ".cache" / "shop" / "bin" / "python"
CONFIGURATION = ROOT / "examples" / "shop" / "whence.yaml"
COMMAND_LIMIT = 600.0
WINDOW = 2.0
"""Seconds of each of the users' counts."""

STEP = 5.0


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
        self._environment = {
            **os.environ,
            **find_free_ports([f"SHOP_{field.name.upper()}_PORT" for field in fields(Ports)]),
            "MODE": "processes",
            "SHOP_DATA": str(self._data),
            "SHOP_SEED": str(seed),
            "SHOP_WINDOW": str(WINDOW),
            "SHOP_OTLP": f"127.0.0.1:{self.stack.ports['OTLP_HTTP_PORT']}",
            "SHOP_TOXIPROXY": str(builds.binary("toxiproxy-server")),
            "SHOP_PROCESS_COMPOSE": str(builds.binary("process-compose")),
        }
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
        done = subprocess.run(
            [PYTHON, "-m", "examples.shop", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )
        if done.returncode:
            raise StackError(f"shop {' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")

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

    def incident_verdict(self, services: list[str]) -> dict[str, Any] | None:
        """The latest verdict of the newest incident of these services. Raises StackError."""
        return self.stack.latest_verdict(services)

    def collect(self, start: float, end: float) -> Collected:
        """What a diagnosis sees of a window."""
        return asyncio.run(self._collect(start, end))

    async def _collect(self, start: float, end: float) -> Collected:
        prometheus = AsyncClient("Prometheus", self.stack.url("prometheus"))
        jaeger = AsyncClient("Jaeger", self.stack.url("jaeger"))
        try:
            return await collect_services(prometheus, jaeger, start, end)
        finally:
            await asyncio.gather(prometheus.close(), jaeger.close())
