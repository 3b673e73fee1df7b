"""What is asked of Prometheus about services and their calls: PromQL by the name of its result.

Matchers narrow it to some services. A batch is asked in one request, whose answer is limited: there are
several where calls are many.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus import dependencies, requests, traffic
from prometheus import queries as q
from prometheus.external import POOL_WAITING, POOL_WAITING_BEFORE, PROCESS_CPU_TIME, PROCESS_MEMORY
from prometheus.names import TARGET_INFO
from prometheus.recorded import DECLARED, HEARD

WINDOW = traffic.WINDOW

OFTEN, SELDOM = "30s", "3m"
"""Windows that hold two samples of processes that send often, and by default."""

LONGEST_WINDOW = 180.0
"""Seconds before the start of what is asked about from which samples count."""

Batch = Mapping[str, str]

Present = Callable[[str], str]
"""PromQL with 1 for each of its series, with the service's name, of which anything arrived in a window."""

_SERVICE = ("service_name",)


def ask_presence(seconds: float, others: Iterable[Present] = ()) -> Batch:
    """Whose telemetry arrived in that time, and whom they called: all that other queries can find, and more.

    One value each, for a single moment. Those that `others` find count as if they served requests.
    """
    window = f"{math.ceil(seconds + LONGEST_WINDOW)}s"
    served = requests.present(by=_SERVICE, window=window), *(present(window) for present in others)
    return {
        "served": " or ".join(served),
        "called": dependencies.present(window=window),
        "declared": q.present(DECLARED, by=(dependencies.CALLER, "callee"), window=window),
        "evaluations": traffic.evaluations(f"{math.ceil(seconds)}s"),
    }


def ask_traffic(
    services: Sequence[str] = (), callers: Sequence[str] = (), *, recorded: bool = False
) -> Sequence[Batch]:
    """What some services serve, and what some callers see of their calls: matchers, none for all of them.

    Of each process, or as `recorded`.
    """
    called = traffic.called(*callers, recorded=recorded)
    return (
        traffic.served(*services, recorded=recorded),
        {"called": called["called"], "declared": q.select(DECLARED, *callers)},
        {name: called[name] for name in ("called_seconds", "called_fastest")},
        {name: called[name] for name in ("called_median", "called_slowest")},
    )


def ask_details(*where: str, recorded: bool = False) -> Sequence[Batch]:
    """What tells why a service is in trouble itself."""
    return (
        {
            **traffic.instances(*where, recorded=recorded),
            "heard": q.highest(HEARD, *where, by=_SERVICE),
            "versions": f"group by (service_name, service_version) ({q.select(TARGET_INFO, *where)})",
        },
        {name: write(*where) for name, write in _PROCESSES.items()},
    )


def _cpu(*where: str) -> str:
    often, seldom = (
        q.rate(PROCESS_CPU_TIME, *where, by=_SERVICE, window=window) for window in (OFTEN, SELDOM)
    )
    return f"({often} or {seldom})"


def _memory(*where: str) -> str:
    return q.highest(PROCESS_MEMORY, *where, by=_SERVICE)


def _pool_waiting(*where: str) -> str:
    return f"sum by (service_name) ({q.select_any((POOL_WAITING, POOL_WAITING_BEFORE), *where)})"


_PROCESSES = {"cpu": _cpu, "memory": _memory, "pool_waiting": _pool_waiting}
"""Cores their processes take, bytes of the largest, requests that wait for a connection of a pool."""


def narrow(query: str, service: str, scale: float) -> str:
    """A query about the processes of one service, by a scale."""
    narrowed = _PROCESSES[query](q.equal("service_name", service))
    return narrowed if scale == 1 else f"{narrowed} / {scale:g}"


MAP_STEP = 60.0
"""Seconds between points of the next, and the window of each."""

MAP: Batch = {
    "served": f"({requests.count(by=_SERVICE, window='1m')}) > 0",
    "called": f"({dependencies.count(by=(dependencies.CALLER, *dependencies.PEER), window='1m')}) > 0",
    "declared": q.select(DECLARED),
}
"""Who is there and who calls whom, and no more."""
