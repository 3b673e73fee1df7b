"""What predictions of watched models take and cost, and how old their features are: against their past, and
against other versions.
"""

from dataclasses import dataclass

from alerts.rules.models import OF_MODEL, model_alert, still, threshold, times_usual
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.models import comparisons as compare
from prometheus.models.samples import SHORT
from prometheus.series.models import MODEL


@dataclass(frozen=True, kw_only=True)
class Rise:
    """A measure, how many times what it is compared with it may be, and what is said of more."""

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


AGAINST_VERSIONS = (
    Rise(
        slug="model-version-slower",
        title="Model Version Slower",
        measure="latency",
        most=1.5,
        panel="Latency",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        what="The 95th percentile of the latency",
        means="The version itself is heavier: input and load are the same for all.",
    ),
    Rise(
        slug="model-version-costlier",
        title="Model Version Costlier",
        measure="cost",
        most=1.5,
        panel="Cost per prediction",
        severity=Severity.INFO,
        impact=Impact.NONE,
        what="The mean cost of a prediction",
        means="See whether its quality is worth that.",
    ),
)


def _times_others(measure: str, most: float) -> str:
    """By how many times a version exceeds the mean of the others, unless it is the usual one."""

    def times(*where: str) -> str:
        of = q.equal("measure", measure), q.equal("compared", compare.VERSIONS), *where
        return f"max by ({', '.join(MODEL)}) ({compare.now('/', *of)})"

    over = f"{times(q.equal('window', SHORT))} <= {most:g}"
    return still(compare.challenging(times()), over, MODEL)


def _against_versions(config: Config, rise: Rise) -> Alert:
    most = threshold(config, rise.slug, rise.most)
    return _alert(
        config,
        rise,
        most,
        query=_times_others(rise.measure, most),
        summary=f"{rise.panel} of {{labels.model_name}} {{labels.model_version}}: {{value}} times others'",
        than="that of its other versions at the same time",
    )


def _against_past(config: Config, rise: Rise) -> Alert:
    most = threshold(config, rise.slug, rise.most)
    return _alert(
        config,
        rise,
        most,
        query=times_usual(rise.measure, most),
        summary=f"{rise.panel} of {{labels.model_name}} {{labels.model_version}}: {{value}} times as usual",
        than="its median over the last hour or day",
    )


def _alert(config: Config, rise: Rise, most: float, *, query: str, summary: str, than: str) -> Alert:
    return model_alert(
        config,
        slug=rise.slug,
        title=rise.title,
        query=query,
        threshold=most,
        panel=rise.panel,
        severity=rise.severity,
        impact=rise.impact,
        summary=summary,
        description=f"{rise.what} of {OF_MODEL} is {{value}} times {than}; the limit is {{threshold}} times. "
        f"{rise.means}",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        *(_against_past(config, rise) for rise in RISES),
        *(_against_versions(config, rise) for rise in AGAINST_VERSIONS),
    )
