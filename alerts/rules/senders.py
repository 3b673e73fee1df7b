"""Senders of telemetry: services that lose some, and whose data is refused, repaired, late or too much."""

from alerts.owners import by_service
from alerts.rules.evaluations import SHORT, soon, steady
from alerts.rules.pipeline import PIPELINE
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.names import Series, series
from prometheus.series import external as e
from telemetry import instruments as i

BEHIND = 30
"""Seconds: of the minute that most queries ask for, half is then missing."""
EXPORTED_EACH_MINUTE = "2m"
"""A window with two points of services that export as seldom, the SDK's default."""

POINTS_REFUSED, COLLISIONS = series(i.INGEST_POINTS_REFUSED), series(i.INGEST_COLLISIONS)
POINTS_REPAIRED = series(i.INGEST_POINTS_REPAIRED)
SERIES_REFUSED = series(i.INGEST_SERIES_REFUSED)
TOO_MANY = "series"
"""The reason that has an alert of its own."""


def _lost_in_services(window: str) -> str:
    by = ["service_name"]
    sending = q.rate(e.SDK_SPANS_PROCESSED, by=by, window=window)
    counts = (e.SDK_SPANS_PROCESSED, e.SDK_SPANS_EXPORTED, e.SDK_POINTS_EXPORTED)
    lost = [q.or_zero(q.rate(of, 'error_type!=""', by=by, window=window), sending) for of in counts]
    return " + ".join(f"({part})" for part in lost)


def _by_sender(of: Series, *by: str, window: str, where: tuple[str, ...] = ()) -> str:
    """Points per second of the services that ingest names; 0 where there never was one.

    `service_name` is then the sender, not ingest, so that the alert goes to the sender's owner.
    """
    counted = f'label_join(rate({q.select(of, *where)}[{window}]), "service_name", "", "sender")'
    return q.or_zero(f"sum by ({', '.join(('service_name', *by))}) ({counted})")


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


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        services_lose(config),
        sender_refused(config),
        sender_repaired(config),
        sender_behind(config),
        senders_share_an_identity(config),
        too_many_series(config),
    )
