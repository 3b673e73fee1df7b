"""Saturation: concurrent storage reads, CPU, memory, disk, file descriptors, the event loop."""

from alerts.owners import STACK, by_service
from alerts.rules.evaluations import at_once, lasting, soon, steady
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.series import external as e

BY_SERVICE = ["service_name"]
BY_PROCESS = [*BY_SERVICE, "instance"]
SERVICE = "service"
STORAGE = "object-storage"
HOST = "process-and-host"

IDLE, FREE = 'state="idle"', 'system_filesystem_state="free"'
NEARLY_ALL, MOST = 0.9, 0.8
BUSY_CPU = 0.95
FREE_DISK = 0.1
MEMORY = 512 * 2**20
ONE_CORE = 0.9
OPEN_FILES = 800
"""Of the 1,024 that a process may open by default."""


def _highest_of_processes(expr: str) -> str:
    """The limits are a process's, and a service may have several."""
    return f"max by ({', '.join(BY_SERVICE)}) ({expr})"


def storage_reads_at_limit(config: Config) -> Alert:
    return Alert(
        slug="storage-reads-near-limit",
        title="Storage Reads Near Limit",
        query=_highest_of_processes(sli.storage_in_use(by=BY_PROCESS)),
        comparison=Comparison.ABOVE,
        threshold=MOST,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="storage",
        owner=by_service(config),
        summary="{value} of the concurrent storage reads are in use",
        description="{labels.service_name} uses {value} of its concurrent storage reads. At 100%, "
        "requests are answered without storage. Slow storage holds each read longer.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Operations in flight",
    )


def event_loop_late(config: Config) -> Alert:
    return Alert(
        slug="event-loop-late",
        title="Event Loop Late",
        query=q.known(_highest_of_processes(sli.event_loop_lag(0.95, by=BY_PROCESS, window="1m"))),
        comparison=Comparison.ABOVE,
        threshold=config.storage.deadline,  # as long as a request waits for storage
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="Event loop lag of {labels.service_name} is {value} (p95)",
        description="In the last minute the 95th percentile of the event loop lag of "
        "{labels.service_name} was {value}; the limit is {threshold}. Each request waits this long "
        "before its duration is measured. Something blocks the loop, or the CPU is busy.",
        value_format=ValueFormat.DURATION,
        dashboard=SERVICE,
        panel="Event loop lag",
    )


def process_cpu_high(config: Config) -> Alert:
    return Alert(
        slug="process-cpu-high",
        title="Process CPU High",
        query=_highest_of_processes(sli.processor_use(by=BY_PROCESS, window="5m")),
        comparison=Comparison.ABOVE,
        threshold=ONE_CORE,
        evaluation=lasting(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} uses {value} CPU cores",
        description="A process of {labels.service_name} has used {value} cores, averaged over 5 minutes, for "
        "10 minutes. A Python process can use one core: above {threshold}, requests queue for it.",
        value_format=ValueFormat.NUMBER,
        dashboard=HOST,
        panel="CPU by service",
    )


def process_memory_high(config: Config) -> Alert:
    return Alert(
        slug="process-memory-high",
        title="Process Memory High",
        query=q.highest(e.PROCESS_MEMORY, by=BY_SERVICE),
        comparison=Comparison.ABOVE,
        threshold=MEMORY,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} uses {value} of memory",
        description="The process of {labels.service_name} uses {value} of memory; the limit is "
        "{threshold}. It may leak memory, and the operating system or the container engine may kill it.",
        value_format=ValueFormat.BYTES,
        dashboard=HOST,
        panel="Memory by service",
    )


def file_descriptors_high(config: Config) -> Alert:
    return Alert(
        slug="file-descriptors-high",
        title="File Descriptors High",
        query=q.highest(e.PROCESS_OPEN_FILES, by=BY_SERVICE),
        comparison=Comparison.ABOVE,
        threshold=OPEN_FILES,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} has {value} open files",
        description="The process of {labels.service_name} has {value} open files and connections; the "
        "usual limit is 1,024. At the limit it accepts no more connections.",
        value_format=ValueFormat.NUMBER,
        dashboard=HOST,
        panel="Open files by service",
    )


def host_cpu_busy(config: Config) -> Alert:
    return Alert(
        slug="host-cpu-busy",
        title="Host CPU Busy",
        query=f"1 - {q.mean_over(e.SYSTEM_CPU, IDLE, window='5m')}",
        comparison=Comparison.ABOVE,
        threshold=BUSY_CPU,
        # A start, a build or a training run keeps a small machine busy for minutes.
        evaluation=lasting(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="host",
        owner=STACK,
        summary="Host CPU is {value} busy",
        description="The host's CPUs have been {value} busy, averaged over 5 minutes, for 10 minutes. "
        "Above {threshold} every process on this host slows down.",
        value_format=ValueFormat.SHARE,
        dashboard=HOST,
        panel="Machine's CPU",
    )


def host_memory_short(config: Config) -> Alert:
    return Alert(
        slug="host-memory-short",
        title="Host Memory Short",
        query=q.highest(e.SYSTEM_MEMORY_SHARE, 'state="used"'),
        comparison=Comparison.ABOVE,
        threshold=NEARLY_ALL,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="host",
        owner=STACK,
        summary="{value} of the host's memory is used",
        description="{value} of the host's memory is used, not counting caches. Above {threshold} the "
        "kernel may soon kill a process.",
        value_format=ValueFormat.SHARE,
        dashboard=HOST,
        panel="Memory in use",
    )


def disk_nearly_full(config: Config) -> Alert:
    return Alert(
        slug="disk-nearly-full",
        title="Disk Nearly Full",
        query=f"{q.level(e.SYSTEM_FILE_SYSTEM, FREE)} / {q.level(e.SYSTEM_FILE_SYSTEM)}",
        comparison=Comparison.BELOW,
        threshold=FREE_DISK,
        evaluation=at_once(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="host",
        owner=STACK,
        summary="{value} of the disk is free",
        description="{value} of the disk is free; the limit is {threshold}. When it is full, metrics, "
        "traces, queued telemetry and incidents are lost. Free space or enlarge the disk.",
        value_format=ValueFormat.SHARE,
        dashboard=HOST,
        panel="Disk in use over time",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        storage_reads_at_limit(config),
        event_loop_late(config),
        process_cpu_high(config),
        process_memory_high(config),
        file_descriptors_high(config),
        host_cpu_busy(config),
        host_memory_short(config),
        disk_nearly_full(config),
    )
