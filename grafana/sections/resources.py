"""What the machine has left."""

from grafana.options import (
    ORANGE,
    RED,
    SHARE,
    THIRD,
    WHOLE_PERCENT,
    WIDE_NUMBER,
    Heading,
    Levels,
    Lines,
    Query,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.variables import Variable
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.series import external as e

SERVICE = Variable("service_name", "Service", e.PROCESS_MEMORY)
CHOSEN = SERVICE.matcher
OUTSIDE = 'device!~"lo|veth.*|br-.*|docker.*|ifb.*"'
"""Network devices that lead out of the machine."""
NEARLY, FULL = 0.8, 0.9


def numbers() -> list[Panel]:
    """What the machine has left. Ids 1–4."""
    return [cpu(), memory(), disk(), lag()]


def host() -> list[Panel]:
    """Ids 10–15."""
    return [row(10, "Machine"), cpu_by_state(), memory_by_state(), disk_over_time(), disk_io(), network_io()]


def busy_cpu() -> str:
    """PromQL: share of the machine's CPU time that is not idle."""
    idle = q.select(e.SYSTEM_CPU, 'state="idle"')
    return f"1 - avg ({idle})"


def used_disk() -> str:
    """PromQL: share of the file system that is used."""
    used, free = (q.highest(e.SYSTEM_FILE_SYSTEM, f'system_filesystem_state="{s}"') for s in ("used", "free"))
    return f"{used} / ({used} + {free})"


def cpu() -> Panel:
    return stat(
        Heading(
            1,
            "CPU in use",
            "Share of the machine's CPU time that is not idle. Good: below 80% for most of the time.",
        ),
        Query(busy_cpu()),
        WHOLE_PERCENT,
        Levels(steps=[(NEARLY, ORANGE), (FULL, RED)]),
        size=WIDE_NUMBER,
    )


def memory() -> Panel:
    return stat(
        Heading(
            2,
            "Memory in use",
            "Share of the machine's memory in use, caches left out. Good: below 80%; at 100% processes are "
            "killed.",
        ),
        Query(q.highest(e.SYSTEM_MEMORY_SHARE, 'state="used"')),
        WHOLE_PERCENT,
        Levels(steps=[(NEARLY, ORANGE), (FULL, RED)]),
        size=WIDE_NUMBER,
    )


def disk() -> Panel:
    return stat(
        Heading(
            3,
            "Disk in use",
            "Share in use of the file system that the stack's data is on. Good: below 80%; at 100% no data "
            "is stored.",
        ),
        Query(used_disk()),
        WHOLE_PERCENT,
        Levels(steps=[(NEARLY, ORANGE), (FULL, RED)]),
        size=WIDE_NUMBER,
    )


def lag() -> Panel:
    return stat(
        Heading(
            4,
            "Slowest event loop, p99",
            "Delay of the event loop in the slowest service, 99th percentile over 1 minute. Good: below 50 "
            "ms.",
        ),
        Query(
            q.known(f"max ({sli.event_loop_lag(0.99, CHOSEN, by=['service_name', 'instance'], window='1m')})")
        ),
        Value("s", decimals=1),
        Levels(steps=[(0.025, ORANGE), (0.05, RED)]),
        size=WIDE_NUMBER,
    )


def cpu_by_state() -> Panel:
    busy = q.select(e.SYSTEM_CPU, 'state!="idle"')
    return timeseries(
        Heading(
            11,
            "Machine's CPU",
            "Share of the CPU time by state, averaged over the cores. Good: below the dashed line for most "
            "of the time.",
        ),
        [Query(f"avg by (state) ({busy})", "{{state}}")],
        Value("percentunit", decimals=0, maximum=1),
        Lines(steps=[(FULL, RED)], stacked=True),
        size=THIRD,
    )


def memory_by_state() -> Panel:
    return timeseries(
        Heading(
            12,
            "Machine's memory",
            "Memory by state. Good: used memory is level and well below the total; cached memory is freed "
            "when it is needed.",
        ),
        [Query(q.highest(e.SYSTEM_MEMORY, by=["state"]), "{{state}}")],
        Value("bytes", decimals=1),
        Lines(stacked=True, colors={"used": "orange", "cached": "blue", "free": "green"}),
        size=THIRD,
    )


def disk_over_time() -> Panel:
    return timeseries(
        Heading(
            13,
            "Disk in use over time",
            "Share in use of the file system that the stack's data is on. Good: level, below the dashed "
            "line.",
        ),
        [Query(used_disk(), "used")],
        SHARE,
        Lines(steps=[(FULL, RED)]),
        size=THIRD,
    )


def disk_io() -> Panel:
    return timeseries(
        Heading(
            14,
            "Disk traffic",
            "Bytes read from and written to disk per second, all devices. Good: as on normal days.",
        ),
        [Query(q.rate(e.SYSTEM_DISK_IO, by=["direction"]), "{{direction}}")],
        Value("Bps", decimals=1),
    )


def network_io() -> Panel:
    return timeseries(
        Heading(
            15,
            "Network traffic",
            "Bytes over the network devices that lead out of the machine, per second. On one machine the "
            "stack talks to itself, which is not counted. Good: as on normal days.",
        ),
        [Query(q.rate(e.SYSTEM_NETWORK_IO, OUTSIDE, by=["direction"]), "{{direction}}")],
        Value("Bps", decimals=1),
    )
