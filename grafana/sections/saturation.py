"""What runs out first in a service: the event loop, its threads, its CPU."""

from grafana.options import RED, SECONDS, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.service import LATE, SERVICE
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

THREADS = series(instruments.THREAD_POOL_ACTIVE), series(instruments.THREAD_POOL_LIMIT)


def panels() -> list[Panel]:
    """What runs out first. Ids 30–33."""
    return [row(30, "Saturation: what runs out first"), lag(), threads(), cpu_by_mode()]


def lag() -> Panel:
    quantiles = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")]
    return timeseries(
        Heading(
            31,
            "Event loop lag",
            "Delay of the event loop. Good: a few milliseconds, below the dashed line; above it, blocking "
            "code or a busy CPU delays every request.",
        ),
        [Query(sli.event_loop_lag(share, SERVICE.matcher), name) for share, name in quantiles],
        SECONDS,
        Lines(steps=[(LATE, RED)]),
        size=THIRD,
    )


def threads() -> Panel:
    active, limit = (q.level(of, SERVICE.matcher, by=["pool"]) for of in THREADS)
    return timeseries(
        Heading(
            32,
            "Thread pools in use",
            "Share of the worker threads at work, by pool: `blocking` runs what is not a coroutine, "
            "`storage` reads objects. Good: below the dashed line; at 100% new work waits, or is refused.",
        ),
        [
            Query(f"{active} / {limit}", "{{pool}}"),
            Query(sli.storage_in_use(SERVICE.matcher), "storage"),
        ],
        Value("percentunit", decimals=0, maximum=1),
        Lines(steps=[(0.8, RED)]),
        size=THIRD,
    )


def cpu_by_mode() -> Panel:
    return timeseries(
        Heading(
            33,
            "CPU by mode",
            "CPU cores in use by the service's own code (user) and by the kernel for it (system). Good: "
            "below the dashed line for each process.",
        ),
        [Query(sli.processor_use(SERVICE.matcher, by=["type"]), "{{type}}")],
        Value("none", decimals=2),
        Lines(steps=[(0.8, RED)], stacked=True),
        size=THIRD,
    )
