"""The telemetry pipeline: services → collector → Jaeger. What is lost here is missing everywhere."""

from alerts.owners import STACK, by_service
from alerts.rules.evaluations import SHORT, soon, steady
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import parts
from prometheus import queries as q
from prometheus.names import Series, series
from prometheus.needs import Need
from prometheus.series import external as e
from telemetry import instruments as i

PIPELINE = "pipeline-health"

QUEUE_FILLS, QUEUE_FULL = 0.1, 0.7
HEAP = 115 * 2**20
"""Bytes, of the 128 MiB from which the collector's memory_limiter refuses data."""
UNREAD = 0.1
"""Of the bytes: one of a topic's six partitions is a sixth; a rate that changes makes some hundredths."""
COLLECTIONS, CORES = 2, 0.9
"""Garbage collections per second, and CPU cores: the container of each part that is scraped has one."""
BEHIND = 30
"""Seconds: of the minute that most queries ask for, half is then missing."""
MIN_RATE = 0.5
NOTHING = 0.01
EXPORTED_EACH_MINUTE = "2m"
"""A window with two points of services that export as seldom, the SDK's default."""

POINTS_REFUSED, COLLISIONS = series(i.INGEST_POINTS_REFUSED), series(i.INGEST_COLLISIONS)
POINTS_REPAIRED = series(i.INGEST_POINTS_REPAIRED)
SERIES_REFUSED = series(i.INGEST_SERIES_REFUSED)
TOO_MANY = "series"
"""The reason that has an alert of its own."""


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


def _lost_in_services(window: str) -> str:
    by = ["service_name"]
    sending = q.rate(e.SDK_SPANS_PROCESSED, by=by, window=window)
    counts = (e.SDK_SPANS_PROCESSED, e.SDK_SPANS_EXPORTED, e.SDK_POINTS_EXPORTED)
    lost = [q.or_zero(q.rate(of, 'error_type!=""', by=by, window=window), sending) for of in counts]
    return " + ".join(f"({part})" for part in lost)


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


def _by_sender(of: Series, *by: str, window: str, where: tuple[str, ...] = ()) -> str:
    """Points per second of the services that ingest names; 0 where there never was one.

    `service_name` is then the sender, not ingest, so that the alert goes to the sender's owner.
    """
    counted = f'label_join(rate({q.select(of, *where)}[{window}]), "service_name", "", "sender")'
    return q.or_zero(f"sum by ({', '.join(('service_name', *by))}) ({counted})")


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


def services_lose(config: Config) -> Alert:
    return Alert(
        slug="services-lose-telemetry",
        title="Services Lose Telemetry",
        query=_lost_in_services("5m"),
        short_window=f"({_lost_in_services(SHORT)}) or ({_lost_in_services(EXPORTED_EACH_MINUTE)})",
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="{labels.service_name} loses {value} spans and points per second",
        description="Over the last 5 minutes {labels.service_name} could not send {value} spans and "
        "metric points per second to the collector. Requests are not affected, but traces and metrics "
        "have gaps.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Spans lost, by place",
        follows="collector-down",
    )


def sender_refused(config: Config) -> Alert:
    return Alert(
        slug="sender-refused",
        title="Sender Refused",
        query=_by_sender(POINTS_REFUSED, "reason", window="2m", where=(f'reason!="{TOO_MANY}"',)),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="{value} metric points per second of {labels.service_name} are refused: {labels.reason}",
        description="In the last 2 minutes {value} metric points per second of {labels.service_name} were "
        "not stored, because of: {labels.reason}. Its dashboards and alerts are incomplete; other services "
        "are not affected.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Metric points refused, by sender",
    )


def sender_repaired(config: Config) -> Alert:
    return Alert(
        slug="sender-repaired",
        title="Sender Repaired",
        query=_by_sender(POINTS_REPAIRED, "reason", window="2m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.INFO,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="{value} metric points per second of {labels.service_name} are repaired: {labels.reason}",
        description="In the last 2 minutes {value} metric points per second of {labels.service_name} were "
        "stored otherwise than they were sent, because of: {labels.reason}. With future, its clock is "
        "ahead; with too_large, attributes are cut.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Metric points repaired, by sender",
    )


def sender_behind(config: Config) -> Alert:
    youngest = f"min_over_time({q.select(series(i.INGEST_POINTS_AGE))}[2m])"
    of_service = f'label_join({youngest}, "service_name", "", "sender")'
    process = f'label_join({of_service}, "service_instance_id", "", "sender_instance")'
    return Alert(
        slug="sender-behind",
        title="Sender Behind",
        query=f"min by (service_name, service_instance_id) ({process})",
        comparison=Comparison.ABOVE,
        threshold=BEHIND,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="Metrics of {labels.service_name} ({labels.service_instance_id}) arrive {value} old",
        description="In the last 2 minutes the newest metric points of {labels.service_name}, process "
        "{labels.service_instance_id}, were {value} old when they arrived: its clock is behind, or something "
        "before the collector holds them back. They are stored in the past, where no alert looks: other "
        "alerts do not see this process.",
        value_format=ValueFormat.DURATION,
        dashboard=PIPELINE,
        panel="Age of metrics on arrival, by sender",
    )


def senders_share_an_identity(config: Config) -> Alert:
    return Alert(
        slug="senders-share-an-identity",
        title="Senders Share An Identity",
        query=_by_sender(COLLISIONS, window="5m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="Several processes of {labels.service_name} send the same series ({value} per second)",
        description="Several processes call themselves {labels.service_name} with the same "
        "service.instance.id, so that their counters mix: rates are many times too high. Set "
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=otel,service_instance (Python), or give each process "
        "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=<a name of its own>.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Senders that share an identity",
    )


def too_many_series(config: Config) -> Alert:
    return Alert(
        slug="too-many-series",
        title="Too Many Series",
        query=_by_sender(SERIES_REFUSED, "metric", "attribute", window="2m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="pipeline",
        owner=by_service(config),
        summary="{labels.service_name} has too many series: {labels.metric} by {labels.attribute}",
        description="{labels.service_name} has as many series as a service may have; {value} points per "
        "second of new ones are not stored. Most belong to {labels.metric}; {labels.attribute} makes most "
        "of them.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Points of too many series",
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
        services_lose(config),
        sender_refused(config),
        sender_repaired(config),
        sender_behind(config),
        senders_share_an_identity(config),
        too_many_series(config),
        part_starved(config),
    )
