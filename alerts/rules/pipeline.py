"""The telemetry pipeline: services → collector → Jaeger. What is lost here is missing everywhere."""

from alerts.owners import STACK
from alerts.rules.evaluations import SHORT, soon, steady
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import parts
from prometheus import queries as q
from prometheus.names import Series
from prometheus.needs import Need
from prometheus.series import external as e

PIPELINE = "pipeline-health"

QUEUE_FILLS, QUEUE_FULL = 0.1, 0.7
HEAP = 115 * 2**20
"""Bytes, of the 128 MiB from which the collector's memory_limiter refuses data."""
UNREAD = 0.1
"""Of the bytes: one of a topic's six partitions is a sixth; a rate that changes makes some hundredths."""
COLLECTIONS, CORES = 2, 0.9
"""Garbage collections per second, and CPU cores: the container of each part that is scraped has one."""
MIN_RATE = 0.5
NOTHING = 0.01


def _sum_of_rates(*of: Series, window: str) -> str:
    return " + ".join(q.rate(each, window=window) for each in of)


def _lost(window: str) -> str:
    """These series exist from the first loss on only."""
    lost = (
        e.COLLECTOR_SPANS_FAILED,
        e.COLLECTOR_SPANS_NOT_QUEUED,
        e.COLLECTOR_POINTS_FAILED,
        e.COLLECTOR_POINTS_NOT_QUEUED,
    )
    return " + ".join(f"({q.or_zero(q.rate(of, window=window))})" for of in lost)


def _jaeger_fails(window: str) -> str:
    return _sum_of_rates(e.JAEGER_SPANS_FAILED, e.JAEGER_SPANS_REFUSED, window=window)


def _unread(window: str) -> str:
    """The share of the bytes written that was not read, by topic."""
    written, read = (q.rate(of, by=["topic"], window=window) for of in (e.KAFKA_WRITTEN, e.KAFKA_READ))
    return f"1 - ({q.or_zero(read, written)}) / ({written})"


def _times_its_limit(window: str) -> str:
    short = {"memory": (parts.collections(window), COLLECTIONS), "CPU": (parts.cores(window), CORES)}
    return " or ".join(
        f'label_replace(({used}) / {limit:g}, "short_of", "{what}", "", "")'
        for what, (used, limit) in short.items()
    )


_BY_QUEUE = ["exporter"]
QUEUE_IN_USE = (
    f"{q.level(e.COLLECTOR_QUEUE_SIZE, by=_BY_QUEUE)} / {q.level(e.COLLECTOR_QUEUE_CAPACITY, by=_BY_QUEUE)}"
)


def collector_refuses(config: Config) -> Alert:
    return Alert(
        slug="collector-refuses-telemetry",
        title="Collector Refuses Telemetry",
        query=_sum_of_rates(e.COLLECTOR_SPANS_REFUSED, e.COLLECTOR_POINTS_REFUSED, window="1m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="The collector refuses {value} spans and points per second",
        description="In the last minute the collector refused {value} spans and metric points per "
        "second, usually because it reached its memory limit. Services retry; what exceeds their queues "
        "is lost.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Spans lost, by place",
    )


def collector_loses(config: Config) -> Alert:
    return Alert(
        slug="collector-loses-telemetry",
        title="Collector Loses Telemetry",
        query=_lost("5m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="The collector loses {value} spans and points per second",
        description="Over the last 5 minutes the collector could neither deliver nor queue {value} "
        "spans and metric points per second. Traces, dashboards and alerts are incomplete for this "
        "period.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Metric points lost, by place",
    )


def collector_queue_fills(config: Config) -> Alert:
    return Alert(
        slug="collector-queue-fills",
        title="Collector Queue Fills",
        query=QUEUE_IN_USE,
        comparison=Comparison.ABOVE,
        threshold=QUEUE_FILLS,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="The queue to {labels.exporter} is {value} full",
        description="The collector's disk queue to {labels.exporter} is {value} full. Nothing is lost "
        "yet. The queue holds what the receiver does not accept; it is normally empty.",
        value_format=ValueFormat.SHARE,
        dashboard=PIPELINE,
        panel="Sending queues",
        follows="jaeger-down",
    )


def collector_queue_full(config: Config) -> Alert:
    return Alert(
        slug="collector-queue-nearly-full",
        title="Collector Queue Nearly Full",
        query=QUEUE_IN_USE,
        comparison=Comparison.ABOVE,
        threshold=QUEUE_FULL,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="The queue to {labels.exporter} is {value} full: data loss is near",
        description="The collector's disk queue to {labels.exporter} is {value} full. When it is full, "
        "the collector drops spans and metrics.",
        value_format=ValueFormat.SHARE,
        dashboard=PIPELINE,
        panel="Sending queues",
    )


def consumers_fall_behind(config: Config) -> Alert:
    return Alert(
        slug="consumers-fall-behind",
        title="Consumers Fall Behind",
        query=_unread("5m"),
        short_window=_unread(SHORT),
        comparison=Comparison.ABOVE,
        threshold=UNREAD,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="{value} of what is written to {labels.topic} is not read",
        description="Over the last 5 minutes {value} of the bytes that the edge wrote to Kafka's topic "
        "{labels.topic} were not read. Nothing is lost yet. A partition keeps 64 MiB, for at most a day: "
        "what is older is deleted, read or not.",
        value_format=ValueFormat.SHARE,
        dashboard=PIPELINE,
        panel="Sending queues",
        needs=Need.KAFKA,
    )


def collector_memory_high(config: Config) -> Alert:
    return Alert(
        slug="collector-memory-high",
        title="Collector Memory High",
        query=q.highest(e.HEAP, 'job="collector"', by=["job"]),
        comparison=Comparison.ABOVE,
        threshold=HEAP,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="The collector's heap is {value}",
        description="The collector's heap is {value}; above 128 MiB its memory limiter refuses data. "
        "More telemetry arrives than leaves, or a client sends very large batches.",
        value_format=ValueFormat.BYTES,
        dashboard=PIPELINE,
        panel="Collector's memory",
    )


def jaeger_fails(config: Config) -> Alert:
    return Alert(
        slug="jaeger-fails-to-store",
        title="Jaeger Fails To Store",
        query=_jaeger_fails("5m"),
        short_window=_jaeger_fails(SHORT),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="Jaeger fails to store {value} spans per second",
        description="Over the last 5 minutes Jaeger refused or failed to write {value} spans per "
        "second. The collector keeps them and retries until its queue is full.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Spans lost, by place",
    )


def traces_stopped(config: Config) -> Alert:
    return Alert(
        slug="traces-stopped",
        title="Traces Stopped",
        query=q.provided(
            q.rate(e.COLLECTOR_SPANS_ACCEPTED, window="2m"),
            sli.requests(window="2m"),
            at_least=MIN_RATE,
        ),
        comparison=Comparison.BELOW,
        threshold=NOTHING,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=STACK,
        summary="Services answer requests, but only {value} spans per second arrive",
        description="Services answer requests and send metrics, but the collector received {value} "
        "spans per second in the last 2 minutes. Sampling is off, or the services cannot export traces.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Spans on their way",
        follows="collector-down",
    )


def part_starved(config: Config) -> Alert:
    return Alert(
        slug="part-starved",
        title="Part Starved",
        query=_times_its_limit("5m"),
        short_window=_times_its_limit(SHORT),
        comparison=Comparison.ABOVE,
        threshold=1,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="pipeline",
        owner=STACK,
        summary="{labels.job} is short of {labels.short_of}: {value} times the limit",
        description="Over the last 5 minutes {labels.job} was short of {labels.short_of}, at {value} "
        f"times its limit. The limit for memory is {COLLECTIONS} garbage collections per second, for CPU "
        f"{CORES} cores; a container above its CPU limit is throttled. It responds slowly and slows "
        "other processes on this machine.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Garbage collections",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        collector_refuses(config),
        collector_loses(config),
        collector_queue_fills(config),
        collector_queue_full(config),
        consumers_fall_behind(config),
        collector_memory_high(config),
        jaeger_fails(config),
        traces_stopped(config),
        part_starved(config),
    )
