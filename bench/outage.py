"""`python -m bench.outage`: user impact of a collector outage, as ratios of one run."""

import json
import statistics
import subprocess
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from config import load
from stack import ROOT, StackError
from stack.credentials import ensure_credentials
from stack.processes import control_process, read_processes
from stack.settings import load_settings, process_environment

COLLECTOR_DEADLINE = 60.0


def send_traffic(requests: int, rate: float) -> dict[str, Any]:
    """The users' own summary of a bounded run against the running stack."""
    command = [
        sys.executable,
        "-m",
        "services.demo.traffic",
        "--requests",
        str(requests),
        "--rate",
        str(rate),
    ]
    environment = process_environment(load_settings(), ensure_credentials(), load())
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def main(
    seconds: Annotated[int, typer.Option(min=5, max=600)] = 60,
    rate: Annotated[float, typer.Option(min=1, max=200)] = 20,
    rounds: Annotated[int, typer.Option(min=1, max=10)] = 3,
) -> None:
    """Alternate phases with and without the collector; print failures and latency of each."""
    requests = int(seconds * rate)
    phases: dict[str, list[dict[str, Any]]] = {"collector up": [], "collector killed": []}
    control_process("stop", "traffic")
    try:
        for _ in range(rounds):
            phases["collector up"].append(send_traffic(requests, rate))
            control_process("stop", "collector")
            try:
                phases["collector killed"].append(send_traffic(requests, rate))
            finally:
                control_process("start", "collector")
    finally:
        try:
            _await_collector()
        finally:
            control_process("start", "traffic")
    _print(phases, f"{rounds} × {seconds} s at {rate:g} requests/s")


def _await_collector() -> None:
    """Traffic is not started while the collector that it depends on is not ready."""
    end = time.monotonic() + COLLECTOR_DEADLINE
    while not any(process.name == "collector" and process.ready for process in read_processes() or []):
        if time.monotonic() > end:
            raise StackError(f"the collector is not ready after {COLLECTOR_DEADLINE} s; see `make logs`")
        time.sleep(0.25)


def _print(phases: dict[str, list[dict[str, Any]]], title: str) -> None:
    table = Table("", "failed", "p50 ms", "p95 ms", "p95 ratio", box=None, title=title)
    base = statistics.median(run["latency_ms"]["p95"] for run in phases["collector up"])
    for name, runs in phases.items():
        p50, p95 = (statistics.median(run["latency_ms"][q] for run in runs) for q in ("p50", "p95"))
        table.add_row(
            name, str(sum(r["failed"] for r in runs)), f"{p50:.2f}", f"{p95:.2f}", f"{p95 / base:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
