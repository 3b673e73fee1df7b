"""Every service that sends telemetry against its own past, also one that whence.yaml does not list."""

from alerts.owners import by_service
from alerts.spec import Alert, Comparison, Evaluation, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.series.recorded import FAILED_ABOVE_USUAL, P95_TIMES_USUAL

BY_SERVICE = ["service_name"]
SERVICE = "service"

TIMES_USUAL = 2.0
ABOVE_USUAL = 0.02
"""Share of the requests."""


def _lasting(config: Config) -> Evaluation:
    """A stall of 10 seconds, as at a restart, stays for 70 in what is counted over a minute."""
    return Evaluation(interval=config.evaluation.fast, for_=80, keep_firing_for=60)


def slower_than_usual(config: Config) -> Alert:
    return Alert(
        slug="slower-than-usual",
        title="Slower Than Usual",
        query=q.highest(P95_TIMES_USUAL, by=BY_SERVICE),
        comparison=Comparison.ABOVE,
        threshold=TIMES_USUAL,
        evaluation=_lasting(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} takes {value} times as long as usual",
        description="The slowest 5% of the requests of the last minute took {labels.service_name} at least "
        "{value} times as long as usual; the limit is {threshold} times and 100 ms more.",
        value_format=ValueFormat.NUMBER,
        dashboard=SERVICE,
        panel="Duration quantiles",
    )


def errors_above_usual(config: Config) -> Alert:
    return Alert(
        slug="errors-above-usual",
        title="Errors Above Usual",
        query=q.highest(FAILED_ABOVE_USUAL, by=BY_SERVICE),
        comparison=Comparison.ABOVE,
        threshold=ABOVE_USUAL,
        evaluation=_lasting(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} fails {value} of its requests more than usual",
        description="In the last minute {labels.service_name} answered {value} more of its requests with an "
        "error than usual; the limit is {threshold}.",
        value_format=ValueFormat.SHARE,
        dashboard=SERVICE,
        panel="Failed requests by route",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (slower_than_usual(config), errors_above_usual(config))
