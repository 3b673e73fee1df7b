"""A stack and a shop of a run's own: other ports, data that begin empty, the same commands as a person's."""

import os
import statistics
from collections.abc import Mapping
from pathlib import Path

from bench.live_example import make_stack, read_alerts, run_example
from bench.recorded_runs import Alert
from bench.shop.case import UNLISTED, Counts
from components import build as builds
from examples.shop.faults.catalogue import MORE
from examples.shop.run.settings import CONFIGURATION, Ports, read_shop
from examples.shop.users.tally import read_windows
from stack import ROOT
from stack.running.ports import find_free_ports

PYTHON = ROOT / ".cache" / "shop" / "bin" / "python"
WINDOW = 2.0
"""Seconds of each of the users' counts."""


def make_environment(data: Path, otlp: str, **settings: str) -> dict[str, str]:
    """What the commands of a shop on free ports get; its telemetry goes to `otlp` (host:port)."""
    return {
        **os.environ,
        **find_free_ports(Ports.name_variables()),
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
    return run_example(PYTHON, "examples.shop", environment, *arguments)


class LiveShop:
    """Both; `up` begins anew, `down` stops both."""

    def __init__(self, folder: Path) -> None:
        self.stack = make_stack(folder, CONFIGURATION)
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
        """Those on services of the shop that began to fire since then, by time."""
        return read_alerts(self.stack, 'service_name=~"shop-.*"', since)
