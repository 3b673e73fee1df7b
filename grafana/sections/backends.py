"""The parts that carry and keep telemetry, and who answers and is heard."""

from grafana.options import GREEN, RED, SECONDS, THIRD, Heading, Lines, Query, Size, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.pipeline import OTLP
from grafana.shapes import timeline
from prometheus import parts
from prometheus import queries as q
from prometheus.series import external as e
from prometheus.series.recorded import HEARD

MEMORY_LIMIT = 160 * 2**20
"""The collector's memory_limiter, in bytes: collector/config.yaml."""


def collector() -> list[Panel]:
    """Ids 30–34."""
    return [row(30, "The collector and Jaeger"), queues(), memory(), jaeger(), garbage()]


def prometheus() -> list[Panel]:
    """Ids 40–45."""
    return [row(40, "Prometheus"), samples(), writes(), series_held(), disk(), rules()]


def reachability() -> list[Panel]:
    """Ids 50–54."""
    return [row(50, "Reachability"), targets(), silence(), scrapes(), notifications()]


def queues() -> Panel:
    size, capacity = (
        q.level(of, by=["exporter"]) for of in (e.COLLECTOR_QUEUE_SIZE, e.COLLECTOR_QUEUE_CAPACITY)
    )
    return timeseries(
        Heading(
            31,
            "Sending queues",
            "How full the collector's queues on disk are. Good: below 10% and falling back after each "
            "rise; at the dashed line Jaeger or Prometheus has been unavailable for long.",
        ),
        [Query(f"{size} / {capacity}", "{{exporter}}")],
        Value("percentunit", decimals=2),
        Lines(steps=[(0.5, RED)]),
        size=THIRD,
    )


def memory() -> Panel:
    return timeseries(
        Heading(
            32,
            "Collector's memory",
            "Resident memory of the collector. Good: level, below the dashed line; near it the collector "
            "refuses telemetry to protect itself.",
        ),
        [Query(q.level(e.COLLECTOR_MEMORY), "resident")],
        Value("bytes", decimals=0),
        Lines(steps=[(MEMORY_LIMIT, RED)]),
        size=THIRD,
    )


def jaeger() -> Panel:
    return timeseries(
        Heading(
            33,
            "Jaeger",
            "Spans that Jaeger accepts, stores, refuses and fails to store, per second. Good: stored "
            "equals accepted, 0 refused and failed.",
        ),
        [
            Query(q.rate(e.JAEGER_SPANS_ACCEPTED), "accepted"),
            Query(q.rate(e.JAEGER_SPANS_STORED), "stored"),
            Query(q.or_zero(q.rate(e.JAEGER_SPANS_REFUSED)), "refused"),
            Query(q.or_zero(q.rate(e.JAEGER_SPANS_FAILED)), "failed"),
        ],
        Value("cps", decimals=1),
        Lines(colors={"accepted": "blue", "stored": "green", "refused": "orange", "failed": "red"}),
        size=THIRD,
    )


def garbage() -> Panel:
    return timeseries(
        Heading(
            34,
            "Garbage collections",
            "Garbage collections per second of each part; those of the collector and Jaeger are estimated. "
            "Good: below 1; above the dashed line a part has too little memory, and spends its CPU on that.",
        ),
        [Query(parts.collections("5m"), "{{job}}")],
        Value("cps", decimals=2),
        Lines(steps=[(2, RED)]),
        size=Size(24, 6),
    )


def samples() -> Panel:
    return timeseries(
        Heading(
            41,
            "Samples stored",
            "Samples that Prometheus stores per second, by type, and exemplars. Good: level; it follows "
            "the number of series, not the load.",
        ),
        [
            Query(q.rate(e.PROMETHEUS_SAMPLES, by=["type"]), "{{type}}"),
            Query(q.rate(e.PROMETHEUS_EXEMPLARS), "exemplars"),
        ],
        Value("cps", decimals=0),
        size=THIRD,
    )


def writes() -> Panel:
    return timeseries(
        Heading(
            42,
            "Answers to OTLP writes",
            "Answers of Prometheus to the collector's writes, by HTTP status. Good: all 200.",
        ),
        [Query(q.rate(e.PROMETHEUS_REQUESTS, OTLP, by=["code"]), "{{code}}")],
        Value("reqps", decimals=2),
        Lines(stacked=True, colors={"200": "green", "204": "green"}),
        size=THIRD,
    )


def series_held() -> Panel:
    return timeseries(
        Heading(
            43,
            "Series in memory",
            "Time series that Prometheus holds in memory. Good: level; a steady rise means a label with "
            "too many values.",
        ),
        [Query(q.level(e.PROMETHEUS_SERIES), "series")],
        Value("short", decimals=1),
        size=THIRD,
    )


def disk() -> Panel:
    return timeseries(
        Heading(
            44,
            "Prometheus on disk",
            "Disk space of Prometheus, and its limit. Good: below the limit; at the limit the oldest "
            "metrics are removed.",
        ),
        [
            Query(f"{q.level(e.PROMETHEUS_BLOCKS)} + {q.level(e.PROMETHEUS_WAL)}", "used"),
            Query(q.level(e.PROMETHEUS_RETENTION), "limit"),
        ],
        Value("bytes", decimals=1),
        Lines(colors={"limit": "red"}),
    )


def rules() -> Panel:
    return timeseries(
        Heading(
            45,
            "Rules evaluated",
            "Alerting and recording rules that Prometheus evaluates per second, and those that fail. Good: "
            "level, and 0 failing; a rule that fails cannot fire.",
        ),
        [
            Query(q.rate(e.PROMETHEUS_RULES), "evaluated"),
            Query(q.or_zero(q.rate(e.PROMETHEUS_RULES_FAILED)), "failing"),
        ],
        Value("cps", decimals=1),
        Lines(colors={"evaluated": "green", "failing": "red"}),
    )


def targets() -> Panel:
    return timeline(
        Heading(
            51,
            "Targets",
            "Whether each part of the stack answers Prometheus. Good: all up, all the time.",
        ),
        Query(q.lowest(e.UP, by=["job"]), "{{job}}"),
        {0: ("down", RED), 1: ("up", GREEN)},
    )


def silence() -> Panel:
    age = f"time() - {q.highest(HEARD, by=['service_name'])}"
    return timeseries(
        Heading(
            52,
            "Seconds since last heard",
            "Age of each service's newest metrics or spans. Good: a sawtooth up to 10 s, or 60 s for an SDK "
            "with default settings; a steady rise means that the service, or its path to Prometheus, is "
            "broken. After 5 minutes its line ends.",
        ),
        [Query(age, "{{service_name}}")],
        Value("s", decimals=0),
        Lines(steps=[(30, RED)]),
    )


def scrapes() -> Panel:
    return timeseries(
        Heading(
            53,
            "Scrape duration",
            "How long Prometheus takes to read each part's own metrics. Good: well below the dashed line, "
            "the timeout of a scrape.",
        ),
        [Query(q.highest(e.SCRAPE_DURATION, by=["job"]), "{{job}}")],
        SECONDS,
        Lines(steps=[(5, RED)]),
    )


def notifications() -> Panel:
    return timeseries(
        Heading(
            54,
            "Notifications",
            "Notifications that Alertmanager sends per second, those that fail, and alerts that Prometheus "
            "could not send to it. Good: 0 failing and 0 dropped.",
        ),
        [
            Query(q.rate(e.NOTIFICATIONS), "sent"),
            Query(q.or_zero(q.rate(e.NOTIFICATIONS_FAILED)), "failing"),
            Query(q.or_zero(q.rate(e.PROMETHEUS_NOTIFICATIONS_DROPPED)), "dropped"),
        ],
        Value("cps", decimals=3),
        Lines(colors={"sent": "green", "failing": "red", "dropped": "orange"}),
    )
