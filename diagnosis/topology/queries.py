"""What is asked of Prometheus about services and their calls: PromQL by the name of its result."""

from collections.abc import Mapping

from prometheus import dependencies, requests
from prometheus import queries as q
from prometheus.external import POOL_WAITING, POOL_WAITING_BEFORE, PROCESS_CPU_TIME, PROCESS_MEMORY
from prometheus.names import TARGET_INFO
from prometheus.recorded import DECLARED

WINDOW = "20s"
"""Four exports of span metrics."""

_SERVICE = ("service_name",)

SERVED: Mapping[str, str] = {
    "served": requests.count(by=_SERVICE, window=WINDOW),
    "served_failed": requests.count(failed=True, by=_SERVICE, window=WINDOW),
    "served_seconds": f"histogram_sum({requests.distribution(by=_SERVICE, window=WINDOW)})",
    "served_median": f"histogram_quantile(0.5, {requests.distribution(by=_SERVICE, window=WINDOW)})",
    "served_slowest": f"histogram_quantile(0.99, {requests.distribution(by=_SERVICE, window=WINDOW)})",
}

CALLED: Mapping[str, str] = {
    "called": dependencies.count(window=WINDOW),
    "called_seconds": dependencies.waited(window=WINDOW),
    "called_fastest": dependencies.latency(0.1, window=WINDOW),
    "called_median": dependencies.latency(0.5, window=WINDOW),
    "called_slowest": dependencies.latency(0.99, window=WINDOW),
    "declared": q.select(DECLARED),
}

OFTEN, SELDOM = "30s", "3m"
"""Windows that hold two samples of processes that send often, and by default."""


def _cpu(*where: str) -> str:
    often, seldom = (
        q.rate(PROCESS_CPU_TIME, *where, by=_SERVICE, window=window) for window in (OFTEN, SELDOM)
    )
    return f"({often} or {seldom})"


def _memory(*where: str) -> str:
    return q.highest(PROCESS_MEMORY, *where, by=_SERVICE)


def _pool_waiting(*where: str) -> str:
    return f"sum by (service_name) ({q.select_any((POOL_WAITING, POOL_WAITING_BEFORE), *where)})"


_INSTANCE = ("service_name", "instance")

DETAILS: Mapping[str, str] = {
    "instances": requests.count(by=_INSTANCE, window=WINDOW),
    "instances_failed": requests.count(failed=True, by=_INSTANCE, window=WINDOW),
    "instances_seconds": f"histogram_sum({requests.distribution(by=_INSTANCE, window=WINDOW)})",
    "versions": f"group by (service_name, service_version) ({q.select(TARGET_INFO)})",
}
"""What tells why a service is in trouble itself."""

_PROCESSES = {"cpu": _cpu, "memory": _memory, "pool_waiting": _pool_waiting}

PROCESSES: Mapping[str, str] = {name: write() for name, write in _PROCESSES.items()}
"""Cores their processes take, bytes of the largest, requests that wait for a connection of a pool."""

MAP_STEP = 60.0
"""Seconds between points of the next, and the window of each."""

MAP: Mapping[str, str] = {
    "served": f"({requests.count(by=_SERVICE, window='1m')}) > 0",
    "called": f"({dependencies.count(by=(dependencies.CALLER, *dependencies.PEER), window='1m')}) > 0",
    "declared": q.select(DECLARED),
}
"""Who is there and who calls whom, and no more."""

BATCHES = (SERVED, CALLED, DETAILS, PROCESSES)
"""The queries as they are asked: those of a batch together in one."""


def narrow(query: str, service: str, scale: float) -> str:
    """A query of PROCESSES for one service, by a scale."""
    narrowed = _PROCESSES[query](q.equal("service_name", service))
    return narrowed if scale == 1 else f"{narrowed} / {scale:g}"
