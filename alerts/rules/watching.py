"""The monitoring itself: Prometheus and Alertmanager."""

from alerts.owners import STACK
from alerts.rules.evaluations import SHORT, at_once, soon, steady
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.series import external as e

PIPELINE = "pipeline-health"


def _rejected(window: str) -> str:
    rejected = (e.PROMETHEUS_OUT_OF_ORDER, e.PROMETHEUS_TOO_OLD, e.PROMETHEUS_OUT_OF_BOUNDS)
    return " + ".join(q.rate(of, window=window) for of in rejected)


def prometheus_rejects(config: Config) -> Alert:
    return Alert(
        slug="prometheus-rejects-samples",
        title="Prometheus Rejects Samples",
        query=_rejected("5m"),
        short_window=_rejected(SHORT),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Prometheus rejects {value} samples per second",
        description="Over the last 5 minutes Prometheus rejected {value} samples per second as out of "
        "order, too old or out of bounds. Dashboards and alerts lack these samples.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Metric points lost, by place",
    )


def prometheus_damaged(config: Config) -> Alert:
    return Alert(
        slug="prometheus-storage-damaged",
        title="Prometheus Storage Damaged",
        query=" + ".join(
            q.rate(of, window="1h") for of in (e.PROMETHEUS_WAL_CORRUPTIONS, e.PROMETHEUS_WAL_WRITES_FAILED)
        ),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=at_once(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Prometheus' write-ahead log fails ({value} errors per second)",
        description="Within the last hour Prometheus found its write-ahead log corrupt or could not "
        "write it. Recent metrics may be lost at the next restart.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Prometheus on disk",
    )


def rules_fail(config: Config) -> Alert:
    return Alert(
        slug="prometheus-rules-fail",
        title="Prometheus Rules Fail",
        query=q.rate(e.PROMETHEUS_RULES_FAILED, window="5m"),
        short_window=q.rate(e.PROMETHEUS_RULES_FAILED, window=SHORT),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=steady(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="{value} rule evaluations per second fail",
        description="Over the last 5 minutes {value} evaluations of recording or alert rules per second "
        "failed. Some alerts cannot fire.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Rules evaluated",
    )


def rules_late(config: Config) -> Alert:
    return Alert(
        slug="prometheus-rules-late",
        title="Prometheus Rules Late",
        query=q.rate(e.PROMETHEUS_RULES_MISSED, window="5m"),
        short_window=q.rate(e.PROMETHEUS_RULES_MISSED, window=SHORT),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Prometheus skips {value} rule evaluations per second",
        description="Over the last 5 minutes Prometheus skipped {value} rule group evaluations per "
        "second because the previous evaluation had not finished. Alerts are late.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Rules evaluated",
    )


def prometheus_cannot_notify(config: Config) -> Alert:
    return Alert(
        slug="prometheus-cannot-notify",
        title="Prometheus Cannot Notify",
        query=" + ".join(
            q.rate(of, window="2m")
            for of in (e.PROMETHEUS_NOTIFICATION_ERRORS, e.PROMETHEUS_NOTIFICATIONS_DROPPED)
        ),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Prometheus cannot send {value} alerts per second",
        description="In the last 2 minutes Prometheus could not send {value} alerts per second to "
        "Alertmanager. This alert can be late too; the missing heartbeat reports the same fault.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Notifications",
    )


def alertmanager_cannot_notify(config: Config) -> Alert:
    return Alert(
        slug="alertmanager-cannot-notify",
        title="Alertmanager Cannot Notify",
        query=q.rate(e.NOTIFICATIONS_FAILED, by=["integration"], window="5m"),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Alertmanager cannot send notifications by {labels.integration}",
        description="Over the last 5 minutes {value} notifications per second by {labels.integration} "
        "failed. Alerts fire, but recipients who use this channel do not receive them.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Notifications",
    )


def configuration_rejected(config: Config) -> Alert:
    return Alert(
        slug="prometheus-configuration-rejected",
        title="Prometheus Configuration Rejected",
        query=q.lowest(e.PROMETHEUS_CONFIGURED, by=["job"]),
        comparison=Comparison.BELOW,
        threshold=1,
        evaluation=at_once(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Prometheus runs an old configuration (last reload = {value})",
        description="Prometheus rejected its configuration or rules at the last reload and still uses "
        "the previous ones. Its next start would fail.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Rules evaluated",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        prometheus_rejects(config),
        prometheus_damaged(config),
        rules_fail(config),
        rules_late(config),
        prometheus_cannot_notify(config),
        alertmanager_cannot_notify(config),
        configuration_rejected(config),
    )
