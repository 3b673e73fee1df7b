"""The parts that carry and keep telemetry, and who answers and is heard."""

from grafana.panels import GREEN, RED, Panel, Query, row, timeseries
from grafana.sections.pipeline import OTLP
from grafana.shapes import timeline
from prometheus import external as e
from prometheus import parts
from prometheus import queries as q

MEMORY_LIMIT = 160 * 2**20
"""The collector's memory_limiter, in bytes: collector/config.yaml."""


def collector() -> list[Panel]:
    """Ids 30–34."""
    return [row(30, "The collector and Jaeger"), queues(), memory(), jaeger(), garbage()]


def stores() -> list[Panel]:
    """Ids 40–45."""
    return [row(40, "Prometheus"), samples(), writes(), series_held(), disk(), rules()]


def reach() -> list[Panel]:
    """Ids 50–54."""
    return [row(50, "Who answers, who is heard"), targets(), silence(), scrapes(), notifications()]


def queues() -> Panel:
    """What waits."""
    size, capacity = (
        q.level(of, by=["exporter"]) for of in (e.COLLECTOR_QUEUE_SIZE, e.COLLECTOR_QUEUE_CAPACITY)
    )
    return timeseries(
        31,
        "Sending queues",
        "How full the collector's queues on disk are. Good: below 10% and falling back after each rise; "
        "at the dashed line something downstream has been away for long.",
        [Query(f"{size} / {capacity}", "{{exporter}}")],
        unit="percentunit",
        decimals=2,
        steps=[(0.5, RED)],
        width=8,
    )


def memory() -> Panel:
    """Before it refuses."""
    return timeseries(
        32,
        "Collector's memory",
        "Resident memory of the collector. Good: level, below the dashed line, near which it refuses "
        "telemetry rather than die.",
        [Query(q.level(e.COLLECTOR_MEMORY), "resident")],
        unit="bytes",
        decimals=0,
        steps=[(MEMORY_LIMIT, RED)],
        width=8,
    )


def jaeger() -> Panel:
    """Whether traces are kept."""
    return timeseries(
        33,
        "Jaeger",
        "Spans that Jaeger accepts, stores, refuses and fails to store, per second. "
        "Good: stored equals accepted, 0 refused and failed.",
        [
            Query(q.rate(e.JAEGER_SPANS_ACCEPTED), "accepted"),
            Query(q.rate(e.JAEGER_SPANS_STORED), "stored"),
            Query(q.or_zero(q.rate(e.JAEGER_SPANS_REFUSED)), "refused"),
            Query(q.or_zero(q.rate(e.JAEGER_SPANS_FAILED)), "failed"),
        ],
        unit="cps",
        decimals=1,
        colors={"accepted": "blue", "stored": "green", "refused": "orange", "failed": "red"},
        width=8,
    )


def garbage() -> Panel:
    """Who has too little memory."""
    return timeseries(
        34,
        "Garbage collections",
        "Garbage collections per second of each part; those of the collector and Jaeger are estimated. "
        "Good: below 1; above the dashed line a part has too little memory, and spends its CPU on that.",
        [Query(parts.collections("5m"), "{{job}}")],
        unit="cps",
        decimals=2,
        steps=[(2, RED)],
        width=24,
        height=6,
    )


def samples() -> Panel:
    """Ingestion."""
    return timeseries(
        41,
        "Samples stored",
        "Samples that Prometheus stores per second, by type, and exemplars. Good: level; it follows the "
        "number of series, not the load.",
        [
            Query(q.rate(e.PROMETHEUS_SAMPLES, by=["type"]), "{{type}}"),
            Query(q.rate(e.PROMETHEUS_EXEMPLARS), "exemplars"),
        ],
        unit="cps",
        decimals=0,
        width=8,
    )


def writes() -> Panel:
    """What the collector is told."""
    return timeseries(
        42,
        "Answers to OTLP writes",
        "Answers of Prometheus to the collector's writes, by HTTP status. Good: all 200.",
        [Query(q.rate(e.PROMETHEUS_REQUESTS, OTLP, by=["code"]), "{{code}}")],
        unit="reqps",
        decimals=2,
        stacked=True,
        colors={"200": "green", "204": "green"},
        width=8,
    )


def series_held() -> Panel:
    """Cardinality."""
    return timeseries(
        43,
        "Series in memory",
        "Time series that Prometheus holds in memory. Good: level; a steady climb is a label with too many "
        "values.",
        [Query(q.level(e.PROMETHEUS_SERIES), "series")],
        unit="short",
        decimals=1,
        width=8,
    )


def disk() -> Panel:
    """History."""
    return timeseries(
        44,
        "Prometheus on disk",
        "Space that metrics take, and what they may take. Good: below the limit; at it, the oldest are "
        "removed.",
        [
            Query(f"{q.level(e.PROMETHEUS_BLOCKS)} + {q.level(e.PROMETHEUS_WAL)}", "used"),
            Query(q.level(e.PROMETHEUS_RETENTION), "limit"),
        ],
        unit="bytes",
        decimals=1,
        colors={"limit": "red"},
    )


def rules() -> Panel:
    """Whether alerts are looked at."""
    return timeseries(
        45,
        "Rules evaluated",
        "Alerting and recording rules that Prometheus evaluates per second, and those that fail. "
        "Good: level, and 0 failing; a rule that fails cannot fire.",
        [
            Query(q.rate(e.PROMETHEUS_RULES), "evaluated"),
            Query(q.or_zero(q.rate(e.PROMETHEUS_RULES_FAILED)), "failing"),
        ],
        unit="cps",
        decimals=1,
        colors={"evaluated": "green", "failing": "red"},
    )


def targets() -> Panel:
    """Who answers."""
    return timeline(
        51,
        "Targets",
        "Whether each part of the stack answers Prometheus. Good: all up, all the time.",
        Query(q.lowest(e.UP, by=["job"]), "{{job}}"),
        states={0: ("down", RED), 1: ("up", GREEN)},
    )


def silence() -> Panel:
    """Who is heard."""
    age = f"max by (service_name) (time() - timestamp({q.select(e.PROCESS_MEMORY)}))"
    return timeseries(
        52,
        "Seconds since last heard",
        "Age of each service's newest metrics. Good: a saw between 0 and 10 s; "
        "a steady climb is a service, or the way from it, that fell silent. After 5 minutes its line ends.",
        [Query(age, "{{service_name}}")],
        unit="s",
        decimals=0,
        steps=[(30, RED)],
    )


def scrapes() -> Panel:
    """What scraping costs."""
    return timeseries(
        53,
        "Scrape duration",
        "How long Prometheus takes to read each part's own metrics. Good: well below the dashed line, "
        "where a scrape is given up.",
        [Query(q.highest(e.SCRAPE_DURATION, by=["job"]), "{{job}}")],
        unit="s",
        steps=[(5, RED)],
    )


def notifications() -> Panel:
    """Whether people are told."""
    return timeseries(
        54,
        "Notifications",
        "Notifications that Alertmanager sends per second, those that fail, and alerts that Prometheus "
        "could not hand to it. Good: 0 failing and 0 dropped.",
        [
            Query(q.rate(e.NOTIFICATIONS), "sent"),
            Query(q.or_zero(q.rate(e.NOTIFICATIONS_FAILED)), "failing"),
            Query(q.or_zero(q.rate(e.PROMETHEUS_NOTIFICATIONS_DROPPED)), "dropped"),
        ],
        unit="cps",
        decimals=3,
        colors={"sent": "green", "failing": "red", "dropped": "orange"},
    )
