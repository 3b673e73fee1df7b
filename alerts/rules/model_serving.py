"""What predictions of watched models take and cost, and how old their features are, against their past."""

from dataclasses import dataclass

from alerts.rules.models import OF_MODEL, model_alert, threshold, times_usual
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config


@dataclass(frozen=True, kw_only=True)
class Rise:
    """A measure, how many times its usual value it may be, and what is said of more."""

    slug: str
    title: str
    measure: str
    most: float
    panel: str
    severity: Severity
    impact: Impact
    what: str
    means: str


RISES = (
    Rise(
        slug="model-latency-rose",
        title="Model Latency Rose",
        measure="latency",
        most=2,
        panel="Latency",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        what="The 95th percentile of the latency",
        means="The model computes more, or waits for what it needs.",
    ),
    Rise(
        slug="model-cost-rose",
        title="Model Cost Rose",
        measure="cost",
        most=1.5,
        panel="Cost per prediction",
        severity=Severity.INFO,
        impact=Impact.NONE,
        what="The mean cost of a prediction",
        means="Requests are larger, or each takes more calls.",
    ),
    Rise(
        slug="model-features-stale",
        title="Model Features Stale",
        measure="feature_age",
        most=3,
        panel="Age of features",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        what="The 95th percentile of the age of features",
        means="They are no longer made, or not all of them: predictions are of the past.",
    ),
)


def _rise(config: Config, rise: Rise) -> Alert:
    most = threshold(config, rise.slug, rise.most)
    return model_alert(
        config,
        slug=rise.slug,
        title=rise.title,
        query=times_usual(rise.measure, most),
        threshold=most,
        panel=rise.panel,
        severity=rise.severity,
        impact=rise.impact,
        summary=f"{rise.panel} of {{labels.model_name}} {{labels.model_version}}: {{value}} times as usual",
        description=f"{rise.what} of {OF_MODEL} is {{value}} times its median over the last hour or day; the "
        f"limit is {{threshold}} times. {rise.means}",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return tuple(_rise(config, rise) for rise in RISES)
