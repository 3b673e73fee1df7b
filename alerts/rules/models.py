"""What alerts on watched models have in common: models of any service, by the package in monitor/.

A change is looked for over ten minutes, and over an hour, in which a smaller one is sure. What only the hour
still has is over: each alert asks the last ten minutes, too, where they have enough to tell.
"""

from dataclasses import replace

from alerts.owners import by_model
from alerts.rules.evaluations import steady
from alerts.spec import Alert, Comparison, Evaluation, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.models.samples import SHORT
from prometheus.needs import Need
from prometheus.series.models import MODEL
from prometheus.series.recorded import MODEL_MEASURE, MODEL_MEASURE_USUAL

OF_MODEL = "{labels.model_name} {labels.model_version} of {labels.service_name}"
OF_ANY_VERSION = "{labels.model_name} of {labels.service_name}"
ANY_VERSION = MODEL[:2]


def model_alert(
    config: Config,
    *,
    slug: str,
    title: str,
    query: str,
    panel: str,
    severity: Severity,
    impact: Impact,
    summary: str,
    description: str,
    comparison: Comparison = Comparison.ABOVE,
    threshold: float = 0,
    value_format: ValueFormat = ValueFormat.SHARE,
    follows: str = "",
    worst: str = "",
) -> Alert:
    """An alert on watched models; a query with values only where a limit is exceeded needs no threshold."""
    return Alert(
        slug=slug,
        title=title,
        query=query,
        comparison=comparison,
        threshold=threshold,
        evaluation=_evaluation(config),
        severity=severity,
        impact=impact,
        component="models",
        owner=by_model(config),
        summary=summary,
        description=description,
        value_format=value_format,
        dashboard="model",
        panel=panel,
        follows=follows,
        worst=worst,
        needs=Need.WATCHED_MODEL,
    )


def _evaluation(config: Config) -> Evaluation:
    """Kept for five minutes: windows of ten minutes come and go about a limit."""
    return replace(steady(config), keep_firing_for=300)


def threshold(config: Config, slug: str, usual: float) -> float:
    """The threshold of an alert as whence.yaml has it, for a query that needs it, too."""
    wish = config.alerts.get(slug)
    return usual if wish is None or wish.threshold is None else wish.threshold


def times_usual(measure: str, most: float) -> str:
    """By how many times a measure that is not of segments exceeds its median over the last hour or day."""

    def times(*where: str) -> str:
        now, usual = (
            q.select(of, q.equal("measure", measure), *where) for of in (MODEL_MEASURE, MODEL_MEASURE_USUAL)
        )
        share = f"{now} / on ({', '.join(MODEL)}, segment, window) group_right () ({usual} > 0)"
        return f"max by ({', '.join(MODEL)}) ({share})"

    return still(times(), f"{times(q.equal('window', SHORT))} <= {most:g}", MODEL)


def still(bad: str, over: str, by: tuple[str, ...]) -> str:
    """What is bad, but for that of which the last ten minutes say that it is over."""
    return f"{bad} unless on ({', '.join(by)}) ({over})"
