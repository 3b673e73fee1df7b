"""The verdict on an incident: it follows the alerts that it explains, to the same receivers."""

from alerts.owners import by_service
from alerts.spec import Alert, Comparison, Evaluation, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.series.external import INCIDENT_VERDICT

NOT_TOLD = 'domain!~"none|unknown"'
"""Nobody is disturbed with nothing."""
TOLD = ["incident", "severity", "domain", "cause", "entity", "service", "summary", "remedy", "alerts"]


def incident_explained(config: Config) -> Alert:
    return Alert(
        slug="incident-explained",
        title="Incident Explained",
        query=q.or_zero(q.highest(INCIDENT_VERDICT, NOT_TOLD, by=TOLD)),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=Evaluation(interval=config.evaluation.fast, for_=0, keep_firing_for=0),
        severity=Severity.CRITICAL,
        impact=Impact.POSSIBLE,
        component="diagnosis",
        owner=by_service(config, "service"),
        summary="{labels.summary}",
        description="{labels.domain}: {labels.cause} at {labels.entity}, {value} sure. {labels.remedy} "
        f"Explains: {{labels.alerts}}. {config.urls.incidents}/incidents/{{labels.incident}}",
        value_format=ValueFormat.SHARE,
        dashboard="map",
        panel="Verdicts",
        is_verdict=True,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (incident_explained(config),)
