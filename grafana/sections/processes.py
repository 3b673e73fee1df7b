"""What the services and the stack's own parts use of the machine."""

from grafana.options import COUNT, QUARTER, RED, SECONDS, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.resources import CHOSEN, NEARLY
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from prometheus.series import external as e
from telemetry import instruments

DEATHS = series(instruments.RECOMMENDATION_WORKER_DEATHS)
STORE_FAILURES = series(instruments.RECOMMENDATION_STORE_FAILURES)


def services() -> list[Panel]:
    """Ids 20–27."""
    return [
        row(20, "Services"),
        cpu_by_service(),
        memory_by_service(),
        lag_by_service(),
        threads_by_service(),
        files_by_service(),
        workers(),
        restarts_by_service(),
    ]


def components() -> list[Panel]:
    """Ids 30–32."""
    return [row(30, "Parts of the stack"), cpu_by_component(), memory_by_component()]


def cpu_by_service() -> Panel:
    return timeseries(
        Heading(
            21,
            "CPU by service",
            "CPU cores in use by service. Good: below the dashed line for each process, because Python "
            "runs on one core.",
        ),
        [Query(sli.processor_use(CHOSEN, by=["service_name"]), "{{service_name}}")],
        Value("none", decimals=2),
        Lines(steps=[(NEARLY, RED)]),
        size=THIRD,
    )


def memory_by_service() -> Panel:
    return timeseries(
        Heading(22, "Memory by service", "Resident memory by service. Good: level; a steady rise is a leak."),
        [Query(q.level(e.PROCESS_MEMORY, CHOSEN, by=["service_name"]), "{{service_name}}")],
        Value("bytes", decimals=0),
        size=THIRD,
    )


def lag_by_service() -> Panel:
    return timeseries(
        Heading(
            23,
            "Event loop lag by service, p99",
            "Delay of each service's event loop, 99th percentile. Good: below the dashed line, 50 ms.",
        ),
        [Query(q.known(sli.event_loop_lag(0.99, CHOSEN, by=["service_name"])), "{{service_name}}")],
        SECONDS,
        Lines(steps=[(0.05, RED)]),
        size=THIRD,
    )


def threads_by_service() -> Panel:
    return timeseries(
        Heading(
            24,
            "Threads by service",
            "Threads of each service's processes. Good: level once all pools are warm.",
        ),
        [Query(q.level(e.PROCESS_THREADS, CHOSEN, by=["service_name"]), "{{service_name}}")],
        COUNT,
        size=QUARTER,
    )


def files_by_service() -> Panel:
    return timeseries(
        Heading(
            25,
            "Open files by service",
            "Files and connections that each service's processes hold open. Good: level; a steady rise "
            "ends at the limit of open files.",
        ),
        [Query(q.level(e.PROCESS_OPEN_FILES, CHOSEN, by=["service_name"]), "{{service_name}}")],
        COUNT,
        size=QUARTER,
    )


def workers() -> Panel:
    lost = (("killed", DEATHS), ("store failures", STORE_FAILURES))
    return timeseries(
        Heading(
            26,
            "The recommender's workers",
            "With WORKERS above 1, since its start: workers that were killed, each with up to 5 s of its "
            "counts, and failed uses of the store of answers that they share. Good: 0.",
        ),
        [Query(q.or_zero(q.total(q.select(of), of)), name) for name, of in lost],
        COUNT,
        size=QUARTER,
    )


def restarts_by_service() -> Panel:
    return timeseries(
        Heading(
            27,
            "Restarts by service",
            "How often a process began anew in 3 minutes, the most of each service. Good: 0, and 1 after a "
            "deployment; above the dashed line an alert fires.",
        ),
        [Query(sli.restarts(CHOSEN), "{{service_name}}")],
        COUNT,
        Lines(steps=[(1, RED)]),
        size=QUARTER,
    )


def cpu_by_component() -> Panel:
    used = [e.GO_CPU, e.COLLECTOR_CPU, e.JAEGER_CPU, e.MINIO_CPU]
    return timeseries(
        Heading(
            31,
            "CPU by component",
            "CPU cores in use by the parts of the stack. Good: together less than the services they watch.",
        ),
        [Query(q.rate(of, by=["job"]), "{{job}}") for of in used],
        Value("none", decimals=2),
    )


def memory_by_component() -> Panel:
    held = [e.GO_MEMORY, e.COLLECTOR_MEMORY, e.JAEGER_MEMORY, e.MINIO_MEMORY]
    return timeseries(
        Heading(
            32,
            "Memory by component",
            "Resident memory of the parts of the stack. Good: level; each has a limit of its own.",
        ),
        [Query(q.level(of, by=["job"]), "{{job}}") for of in held],
        Value("bytes", decimals=0),
    )
