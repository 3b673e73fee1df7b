"""The parts of a running stack that telemetry goes through: what they have counted, and their CPU time."""

import re
import time

import httpx
import psutil

from bench.incidents.stacks import BenchStack
from stack import StackError

PARTS = ("collector", "ingest", "jaeger", "prometheus")

SETTLE = 120.0
"""Seconds until what one measurement left behind is stored."""


class Parts:
    """The parts of one stack; nothing else runs in it."""

    def __init__(self, stack: BenchStack) -> None:
        self._stack = stack
        self._http = httpx.Client(timeout=10, trust_env=False)
        self._processes = {name: psutil.Process(stack.pid(name)) for name in PARTS}
        self.otlp = stack.url("otlp_http")

    def spent(self) -> dict[str, float]:
        """Seconds of CPU so far by part; `sender` is this process. Raises StackError."""
        try:
            times = {name: process.cpu_times() for name, process in self._processes.items()}
        except psutil.NoSuchProcess as error:
            raise StackError(f"a part has ended: {error}") from None
        return {name: each.user + each.system for name, each in times.items()} | {
            "sender": time.process_time()
        }

    def memory(self) -> dict[str, float]:
        """Bytes of each part that are not mapped from files, which the kernel can take back."""
        infos = {name: process.memory_info() for name, process in self._processes.items()}
        return {name: float(info.rss - getattr(info, "shared", 0)) for name, info in infos.items()}

    def count(self, part: str, metric: str, label: str = "") -> float:
        """The sum of a metric that a part exposes, over the series with such a label. Raises StackError."""
        address = self._stack.url("prometheus" if part == "prometheus" else f"{part}_metrics")
        try:
            answer = self._http.get(f"{address}/metrics").raise_for_status()
        except httpx.HTTPError as error:
            raise StackError(f"{part} does not answer: {error}") from None
        return add_up(answer.text, metric, label)

    def query(self, promql: str) -> float:
        """The value of a query that gives one sample, 0 without one."""
        return self._stack.query(promql) or 0.0

    def queued(self) -> float:
        """What waits in the collector, or is under way from it."""
        return self.count("collector", "otelcol_exporter_queue_size")

    def settle(self) -> None:
        """Return when nothing waits any more. Raises StackError."""
        end = time.monotonic() + SETTLE
        while self.queued():
            if time.monotonic() > end:
                raise StackError(f"the collector's queues are not empty after {SETTLE:.0f} s")
            time.sleep(0.5)


def add_up(text: str, metric: str, label: str = "") -> float:
    """The sum of a metric in Prometheus' text format, over the series with such a label."""
    found = re.findall(rf"^{metric}{{([^}}]*)}} (\S+)$|^{metric} (\S+)$", text, re.M)
    return sum(float(value or bare) for labels, value, bare in found if label in labels)
