"""What rankers show: fewer items, less evenly, or more popular ones than usual."""

from alerts.rules.models import OF_MODEL, model_alert, still, threshold
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import limits
from prometheus import queries as q
from prometheus.models.samples import ALL, SHORT
from prometheus.series.models import MODEL
from prometheus.series.recorded import MODEL_MEASURE, MODEL_MEASURE_USUAL

EVERYBODY, RECENT = f'segment="{ALL}"', f'window="{SHORT}"'
AS_MANY = 0.8
"""Share of the usual predictions below which fewer of them explain fewer items."""


def _against_usual(measure: str, operator: str, *where: str) -> str:
    of = (q.equal("measure", measure), EVERYBODY, *where)
    now, usual = (q.select(series, *of) for series in (MODEL_MEASURE, MODEL_MEASURE_USUAL))
    return f"{now} {operator} ignoring (past) group_right () {usual}"


def _kept(measure: str, *where: str) -> str:
    """Share of what is usual, at about the usual number of predictions."""
    as_many = f"{_against_usual('predictions', '/', *where)} >= {AS_MANY}"
    kept = f"{_against_usual(measure, '/', *where)} and ignoring (measure) ({as_many})"
    return f"min by ({', '.join(MODEL)}) ({kept})"


def _fell(config: Config, *, measure: str, title: str, usual: float, summary: str, description: str) -> Alert:
    slug = f"model-{measure}-fell"
    least = threshold(config, slug, usual)
    return model_alert(
        config,
        slug=slug,
        title=title,
        query=still(_kept(measure), f"{_kept(measure, RECENT)} >= {least:g}", MODEL),
        comparison=Comparison.BELOW,
        threshold=least,
        panel="Items shown",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary=summary,
        description=description,
    )


def coverage_fell(config: Config) -> Alert:
    return _fell(
        config,
        measure="coverage",
        title="Model Coverage Fell",
        usual=limits.COVERAGE_KEPT,
        summary="{labels.model_name} {labels.model_version} shows {value} of its usual items",
        description=f"{OF_MODEL} shows {{value}} of the number of different items of the last hour or day, "
        "at about as many predictions; the limit is {threshold}. The rest of the catalogue is out of sight.",
    )


def diversity_fell(config: Config) -> Alert:
    return _fell(
        config,
        measure="diversity",
        title="Model Diversity Fell",
        usual=limits.DIVERSITY_KEPT,
        summary="{labels.model_name} {labels.model_version} is {value} as diverse as usual",
        description=f"What {OF_MODEL} shows is {{value}} as diverse as in the last hour or day, at about as "
        "many predictions; the limit is {threshold}. A few items take the place of many: users get the "
        "same ones.",
    )


def popularity_rose(config: Config) -> Alert:
    def more(*where: str) -> str:
        return f"max by ({', '.join(MODEL)}) ({_against_usual('popularity', '-', *where)})"

    slug = "model-popularity-rose"
    most = threshold(config, slug, limits.MORE_POPULAR)
    return model_alert(
        config,
        slug=slug,
        title="Model Popularity Rose",
        query=still(more(), f"{more(RECENT)} <= {most:g}", MODEL),
        threshold=most,
        panel="Popularity of items",
        severity=Severity.INFO,
        impact=Impact.POSSIBLE,
        summary="{labels.model_name} {labels.model_version} shows more popular items, by {value}",
        description=f"The mean popularity of the items that {OF_MODEL} shows, from 0 for the least popular "
        "to 1 for the most, is {value} more than in the last hour or day; the limit is {threshold}.",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return coverage_fell(config), diversity_fell(config), popularity_rose(config)
