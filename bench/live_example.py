"""A stack of a run's own, and an example beside it: what it is asked, and the example's commands."""

import asyncio
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from bench.incidents.stacks import BenchStack
from bench.recorded_runs import Alert
from diagnosis import Verdict, collection
from diagnosis.topology.live import Collected
from prometheus.client import AsyncClient
from stack import ROOT, StackError

COMMAND_LIMIT = 660.0
"""Seconds of a command: more than an example waits for its processes, which then says what is wrong."""

STEP = 5.0


def run_example(python: Path, module: str, environment: Mapping[str, str], *arguments: str) -> str:
    """One of an example's commands: its output. Raises StackError with what it said."""
    told = " ".join([module.rpartition(".")[2], *arguments])
    try:
        done = subprocess.run(
            [python, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StackError(f"{told}: not done after {COMMAND_LIMIT:.0f} s") from None
    if done.returncode:
        raise StackError(f"{told}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def make_stack(folder: Path, configuration: Path) -> BenchStack:
    """One that has hardly any users of its own, configured for the example."""
    return BenchStack(folder / "stack", rate=1, settings={"WHENCE_CONFIG": str(configuration)})


def read_alerts(stack: BenchStack, where: str, since: float) -> list[Alert]:
    """Those that began to fire since then (Unix seconds), by time; `where` is a matcher of their labels."""
    found = stack.query_range(f'ALERTS{{alertstate="firing", {where}}}', since - STEP, time.time(), STEP)
    alerts = [
        Alert(name=series.labels["alertname"], service=series.labels["service_name"], at=series.points[0][0])
        for series in found
        if series.points and series.points[0][0] >= since
    ]
    return sorted(alerts, key=lambda alert: alert.at)


def read_verdict(stack: BenchStack, services: Collection[str]) -> Verdict | None:
    """That of the newest incident that has one of the services. Raises StackError."""
    shown = stack.latest_verdict(services)
    return Verdict.model_validate(shown) if shown else None


def collect(stack: BenchStack, start: float, end: float, services: Collection[str]) -> Collected:
    """What a diagnosis of these services sees of a window."""
    return asyncio.run(_collect(stack, start, end, services))


async def _collect(stack: BenchStack, start: float, end: float, services: Collection[str]) -> Collected:
    prometheus = AsyncClient("Prometheus", stack.url("prometheus"))
    jaeger = AsyncClient("Jaeger", stack.url("jaeger"))
    try:
        return await collection.collect(prometheus, jaeger, start, end, services)
    finally:
        await asyncio.gather(prometheus.close(), jaeger.close())
