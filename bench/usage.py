"""CPU, garbage collections and memory of every process of the running stack, in either mode."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import psutil

from prometheus import parts
from stack import StackError
from stack.running import compose
from stack.running.current import in_containers
from stack.running.processes import PID_FILE, read_processes
from stack.settings import Settings

COUNTED = {
    "minio": "/minio/metrics/v3/debug/go",
    "prometheus": "/metrics",
    "alertmanager": "/metrics",
    "toxiproxy": "/metrics",
    "grafana": "/metrics",
}
"""Where Go programs count their garbage collections."""

ESTIMATED = ("collector", "jaeger")
"""Those that do not count: estimated as the alert does, over 5 minutes."""

UNKNOWN = ("process-compose",)
"""A Go program that exposes nothing."""


@dataclass(frozen=True)
class Usage:
    """`cores` of CPU and garbage `collections` per second over a while, and bytes at its end.

    `memory` is heap and stacks, or what an engine accounts to a container. `mapped` are resident pages of
    files, which the kernel takes back when memory is short; an engine does not tell them apart.
    """

    name: str
    cores: float
    collections: float | None
    memory: int
    mapped: int = 0

    @property
    def collections_text(self) -> str:
        """Collections per second as text, empty for a program that is not written in Go."""
        if self.collections is None:
            return "not exposed" if self.name in (*COUNTED, *ESTIMATED, *UNKNOWN) else ""
        return f"{'about ' if self.name in ESTIMATED else ''}{self.collections:.2f}"


def measure_usage(settings: Settings, seconds: float) -> list[Usage]:
    """What each process uses over so many seconds. Raises StackError when the stack is not running."""
    before, began = count_collections(settings), time.monotonic()
    used = _containers(seconds) if in_containers() else _processes(seconds)
    passed, after = time.monotonic() - began, count_collections(settings)
    collections = estimate_collections(settings)
    collections |= {name: (after[name] - before[name]) / passed for name in before.keys() & after.keys()}
    return [Usage(name, cores, collections.get(name), *memory) for name, (cores, *memory) in used.items()]


def count_collections(settings: Settings) -> dict[str, int]:
    """Garbage collections since its start of each program that counts them and answers."""
    with httpx.Client(timeout=5, trust_env=False) as client:
        return {
            name: int(found[1])
            for name, path in COUNTED.items()
            if (
                found := re.search(
                    r"^go_gc_duration_seconds_count (\d+)", _ask(client, settings, name, path), re.M
                )
            )
        }


def estimate_collections(settings: Settings) -> dict[str, float]:
    """Garbage collections per second of programs that do not count them; none while Prometheus is away."""
    query = {"query": parts.collections("5m")}
    try:
        answer = httpx.get(f"{settings.url('prometheus')}/api/v1/query", params=query, trust_env=False)
        samples = answer.raise_for_status().json()["data"]["result"]
    except httpx.HTTPError:
        return {}
    found = {sample["metric"]["job"]: float(sample["value"][1]) for sample in samples}
    return {name: found[name] for name in ESTIMATED if name in found}


def _ask(client: httpx.Client, settings: Settings, name: str, path: str) -> str:
    try:
        return client.get(f"{settings.url(name)}{path}").raise_for_status().text
    except httpx.HTTPError:
        return ""


def _processes(seconds: float) -> dict[str, tuple[float, int, int]]:
    """Cores, bytes of its own and mapped bytes by process, children included."""
    before, began = _read_processes(), time.monotonic()
    time.sleep(seconds)
    after, passed = _read_processes(), time.monotonic() - began
    return {
        name: (max(spent - before.get(name, (spent, 0, 0))[0], 0) / passed, own, mapped)
        for name, (spent, own, mapped) in after.items()
    }


def _read_processes() -> dict[str, tuple[float, int, int]]:
    """Seconds of CPU since its start, bytes of its own and mapped bytes by process."""
    states = read_processes()
    if states is None:
        raise StackError("the stack is not running; start it with `make up`")
    pids = {state.name: state.pid for state in states if state.status == "Running"}
    families = {
        name: [root, *root.children(recursive=True)]
        for name, pid in pids.items()
        for root in [psutil.Process(pid)]
    }
    families["process-compose"] = [psutil.Process(int(PID_FILE.read_text()))]
    return {name: _sum(family) for name, family in families.items()}


def _sum(family: list[psutil.Process]) -> tuple[float, int, int]:
    times = [process.cpu_times() for process in family]
    memories = [process.memory_info() for process in family]
    mapped = sum(getattr(memory, "shared", 0) for memory in memories)  # Linux only
    return sum(each.user + each.system for each in times), sum(m.rss for m in memories) - mapped, mapped


def _containers(seconds: float) -> dict[str, tuple[float, int]]:
    """Cores and bytes by container, as the engine accounts them: it looks for a second, again and again."""
    end, looks = time.monotonic() + seconds, [_look()]
    while time.monotonic() < end:
        looks.append(_look())
    mean = {name: sum(look[name][0] for look in looks if name in look) for name in looks[-1]}
    return {
        name: (mean[name] / sum(name in look for look in looks), memory)
        for name, (_, memory) in looks[-1].items()
    }


def _look() -> Mapping[str, tuple[float, int]]:
    if not (found := compose.measure_usage()):
        raise StackError("the stack is not running; start it with `make up`")
    return found
