"""`python -m bench.outage`: user impact of a collector outage, as ratios of one run."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from config import load
from stack import ROOT, StackError
from stack.credentials import ensure_credentials
from stack.running.processes import control_process, read_processes
from stack.settings import load_settings, process_environment

COLLECTOR_DEADLINE = 60.0

Run = Mapping[str, Any]
"""The users' own summary of a phase."""
UP, STOPPED = "collector up", "collector stopped"
RATIO = 1.2
"""Growth of the 95th percentile that still counts as the machine's noise."""


def send_traffic(requests: int, rate: float, environment: Mapping[str, str]) -> Run:
    """A bounded run against the running stack."""
    command = [
        sys.executable,
        "-m",
        "services.demo.traffic",
        "--requests",
        str(requests),
        "--rate",
        str(rate),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    summary: Run = json.loads(done.stdout.splitlines()[-1])
    return summary


def main(
    seconds: Annotated[int, typer.Option(min=5, max=600)] = 60,
    rate: Annotated[float, typer.Option(min=1, max=200)] = 20,
    rounds: Annotated[int, typer.Option(min=1, max=10)] = 3,
) -> None:
    """Alternate phases with and without the collector; print failures and latency of each.

    Exit status 1 when users notice that it is away.
    """
    environment = process_environment(load_settings(), ensure_credentials(), load())
    requests = int(seconds * rate)
    phases: dict[str, list[Run]] = {UP: [], STOPPED: []}
    control_process("stop", "traffic")
    try:
        for _ in range(rounds):
            phases[UP].append(send_traffic(requests, rate, environment))
            control_process("stop", "collector")
            try:
                phases[STOPPED].append(send_traffic(requests, rate, environment))
            finally:
                control_process("start", "collector")
    finally:
        try:
            _await_collector()
        finally:
            control_process("start", "traffic")
    Console().print(draw(phases, f"{rounds} × {seconds} s at {rate:g} requests/s"))
    if not unnoticed(phases):
        raise typer.Exit(1)


def unnoticed(phases: Mapping[str, Sequence[Run]]) -> bool:
    """Whether no request failed without the collector, and none took notably longer."""
    return not _failed(phases[STOPPED]) and _grown(phases) <= RATIO


def draw(phases: Mapping[str, Sequence[Run]], title: str) -> Table:
    """A line per kind of phase, and whether users noticed the second."""
    table = Table("", "failed", "p50 ms", "p95 ms", "p95 ratio", box=None, title=title)
    for name, runs in phases.items():
        ratio = f"{_grown(phases):.2f} of {RATIO:g}" if name == STOPPED else ""
        table.add_row(
            name, str(_failed(runs)), f"{_middle(runs, 'p50'):.2f}", f"{_middle(runs, 'p95'):.2f}", ratio
        )
    table.add_row("no user notices that it is away", "pass" if unnoticed(phases) else "FAIL", style="bold")
    return table


def _failed(runs: Sequence[Run]) -> int:
    return sum(run["failed"] for run in runs)


def _middle(runs: Sequence[Run], quantile: str) -> float:
    """The median over the phases of a latency, in ms."""
    return float(statistics.median(run["latency_ms"][quantile] for run in runs))


def _grown(phases: Mapping[str, Sequence[Run]]) -> float:
    return _middle(phases[STOPPED], "p95") / _middle(phases[UP], "p95")


def _await_collector() -> None:
    """Traffic is not started while the collector that it depends on is not ready."""
    end = time.monotonic() + COLLECTOR_DEADLINE
    while not any(process.name == "collector" and process.ready for process in read_processes() or []):
        if time.monotonic() > end:
            raise StackError(f"the collector is not ready after {COLLECTOR_DEADLINE} s; see `make logs`")
        time.sleep(0.25)


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
