"""Signs of trouble of watched models before labels tell: estimated quality, repeated requests, probing."""

from alerts.rules.model_quality import BY_MEASURE
from alerts.rules.models import OF_MODEL, model_alert, still, threshold
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config
from config.watched_models import LOWER_IS_BETTER
from prometheus import queries as q
from prometheus.models.limits import MAY_LACK
from prometheus.models.measures import SAMPLE
from prometheus.models.samples import ALL, SHORT
from prometheus.series.models import MODEL
from prometheus.series.recorded import (
    MODEL_ESTIMATE,
    MODEL_ESTIMATE_MARGIN,
    MODEL_MEASURE,
    MODEL_MEASURE_USUAL,
)

EVERYBODY, RECENT = f'segment="{ALL}"', f'window="{SHORT}"'
ONE = f"on ({', '.join((*SAMPLE, 'measure'))}) group_left ()"
ERRORS = f'"{"|".join(LOWER_IS_BETTER)}"'
MORE_REPEATS = 0.1
"""More than usual, as a share of all predictions: with 100 of them chance makes .03 of .1."""
AT_MARGIN = 0.5
"""How many more scores at the threshold go with them, by that."""


def _loss(*where: str) -> str:
    """Share of the usual quality that the estimate lacks, or has more."""
    estimate, usual = (q.select(of, EVERYBODY, *where) for of in (MODEL_ESTIMATE, MODEL_MEASURE_USUAL))
    return f"abs(1 - {estimate} / ignoring (past) group_right () {usual})"


def _worse(sign: int, which: str) -> str:
    """Where the estimate is worse than usual beyond its margin."""
    of = (MODEL_MEASURE_USUAL, MODEL_ESTIMATE, MODEL_ESTIMATE_MARGIN)
    usual, estimate, margin = (q.select(series, which, EVERYBODY) for series in of)
    return f"{sign} * ({usual} - {ONE} {estimate}) > {ONE} {margin}"


def _more(measure: str, *where: str) -> str:
    """How much more of the predictions than usual."""
    of = (q.equal("measure", measure), EVERYBODY, *where)
    now = q.select(MODEL_MEASURE, *of)
    return f"{now} - ignoring (past) group_right () {q.select(MODEL_MEASURE_USUAL, *of)}"


def estimate_lower(config: Config) -> Alert:
    by = f"by ({', '.join(BY_MEASURE)})"
    worse = f"{_worse(1, f'measure!~{ERRORS}')} or {_worse(-1, f'measure=~{ERRORS}')}"
    bad = f"max {by} ({_loss()} and ({worse})) > {MAY_LACK}"
    return model_alert(
        config,
        slug="model-estimate-lower",
        title="Model Estimate Lower",
        query=still(bad, f"max {by} ({_loss(RECENT)}) <= {MAY_LACK}", BY_MEASURE),
        panel="Quality against usual",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="Estimated: {labels.measure} of {labels.model_name} is {value} worse",
        description=f"An estimate, as labels are not known yet: {{labels.measure}} of {OF_MODEL} should be "
        "{value} worse than its median over the last hour or day, beyond the estimate's margin. It "
        "follows from what the model predicts, so it does not see a change of the relation.",
    )


def requests_repeated(config: Config) -> Alert:
    def more(*where: str) -> str:
        return f"max by ({', '.join(MODEL)}) ({_more('exact_repeats', *where)})"

    slug = "model-requests-repeated"
    most = threshold(config, slug, MORE_REPEATS)
    return model_alert(
        config,
        slug=slug,
        title="Model Requests Repeated",
        query=still(more(), f"{more(RECENT)} <= {most:g}", MODEL),
        threshold=most,
        panel="Predictions",
        severity=Severity.INFO,
        impact=Impact.NONE,
        summary="{value} more requests of {labels.model_name} are repeated than usual",
        description=f"The share of requests of {OF_MODEL} with the same features as one before is {{value}} "
        "above its median over the last hour or day; the limit is {threshold}. A client retries, or a "
        "job runs twice.",
    )


def boundary_probed(config: Config) -> Alert:
    slug, by = "model-boundary-probed", f"by ({', '.join(MODEL)})"
    most = threshold(config, slug, MORE_REPEATS)
    margin = f"({_more('margin_share')}) > {AT_MARGIN * most:g}"
    more = f"max {by} (({_more('near_repeats')}) and on ({', '.join(SAMPLE)}) ({margin}))"
    return model_alert(
        config,
        slug=slug,
        title="Model Boundary Probed",
        query=still(more, f"max {by} ({_more('near_repeats', RECENT)}) <= {most:g}", MODEL),
        threshold=most,
        panel="Predictions",
        severity=Severity.WARNING,
        impact=Impact.NONE,
        summary="{value} more requests of {labels.model_name} are nearly alike, at the threshold",
        description=f"The share of requests of {OF_MODEL} that are nearly like one before is {{value}} "
        "above its median over the last hour or day (the limit is {threshold}), and half as many more scores "
        "are next to the threshold. Somebody may try out what just passes.",
        value_format=ValueFormat.SHARE,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return estimate_lower(config), requests_repeated(config), boundary_probed(config)
