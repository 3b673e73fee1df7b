"""What is asked of Prometheus about services and their calls: PromQL by the name of its result.

Matchers narrow it to some services. A batch is asked in one request, whose answer is limited: there are
several where calls are many.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from diagnosis.sources.evidence import Labelled
from prometheus import queries as q
from prometheus.names import REQUEST_CALLS, TARGET_INFO
from prometheus.series.recorded import DECLARED, HEARD
from prometheus.services import dependencies, processes, requests, traffic

WINDOW = traffic.WINDOW

RUNNING = "75s"
"""In which processes that send by default send once: what is older has ended."""

LONGEST_WINDOW = 180.0
"""Seconds before the start of what is asked about from which samples count."""

Batch = Mapping[str, str]

Present = Callable[[str], str]
"""PromQL with 1 for each of its series, with the service's name, of which anything arrived in a window."""

_SERVICE = ("service_name",)
_VERSION = ("service_name", "service_version")

SIGNALS, SIGNAL = "signals", "signal"
"""A query, and the label that tells its series apart."""


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
            "versions": _versions(*where),
        },
        {SIGNALS: _ask_signals(*where)},
    )


def _versions(*where: str) -> str:
    """1 for each version of which metrics or spans arrive."""
    sent = q.present(TARGET_INFO, *where, by=_VERSION, window=RUNNING)
    seen = f"{q.each_rate(REQUEST_CALLS, *where, window=RUNNING)} > 0"
    return f"({sent} or {q.group(seen, REQUEST_CALLS, _VERSION)})"


HOST_CPU, HOST_DISK = "host_cpu_used", "host_disk_used"

ASKED_SIGNALS: Mapping[str, Callable[..., str]] = {
    "cpu": processes.cpu,
    "memory": processes.memory,
    "pool_waiting": processes.pool_waiting,
    "started": processes.started,
    "loop_lag": processes.loop_lag,
    "open_files": processes.open_files,
    "busy_threads": processes.busy_threads,
    HOST_CPU: lambda *_: processes.host_cpu(),
    HOST_DISK: lambda *_: processes.host_disk(),
}
"""What processes take and run out of: one query, whose series are told apart by a label."""


def _ask_signals(*where: str) -> str:
    asked = {name: write(*where) for name, write in ASKED_SIGNALS.items()}
    marked = (f'label_replace({promql}, "{SIGNAL}", "{name}", "", "")' for name, promql in asked.items())
    return f"({' or '.join(marked)})"


def split_signals(series: Mapping[str, list[Labelled]]) -> dict[str, list[Labelled]]:
    """The results of the queries, with each signal as one of its own."""
    found = {name: rows for name, rows in series.items() if name != SIGNALS}
    for row in series.get(SIGNALS, ()):
        labels = {label: value for label, value in row.labels.items() if label != SIGNAL}
        found.setdefault(row.labels[SIGNAL], []).append(Labelled(labels=labels, values=row.values))
    return found


def narrow(signal: str, service: str, scale: float) -> str:
    """The query of a signal of one service, by a scale."""
    narrowed = ASKED_SIGNALS[signal](q.equal("service_name", service))
    return narrowed if scale == 1 else f"{narrowed} / {scale:g}"


MAP_STEP = 60.0
"""Seconds between points of the next, and the window of each."""

MAP: Batch = {
    "served": f"({requests.count(by=_SERVICE, window='1m')}) > 0",
    "called": f"({dependencies.count(by=(dependencies.CALLER, *dependencies.PEER), window='1m')}) > 0",
    "declared": q.select(DECLARED),
}
"""Who is there and who calls whom, and no more."""
