"""Quality of watched models against their past, other versions, everybody, the best segment, a limit."""

from dataclasses import dataclass

from alerts.rules.models import OF_MODEL, model_alert, still
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.models import comparisons as compare
from prometheus.models.samples import ALL
from prometheus.series.models import MODEL
from prometheus.series.recorded import (
    MODEL_DEVIATION,
    MODEL_WORSE,
)

BY_MEASURE = (*MODEL, "measure")
BY_SEGMENT = (*MODEL, "segment")
EVERYBODY, EACH = f'segment="{ALL}"', f'segment!="{ALL}"'
ALL_BUT_RECALL = 'measure!="recall"'
BEYOND_LIMIT = 2
"""Standard errors beyond a limit of whence.yaml, so that a measure at its limit does not come and go."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a measure is compared with, of whom, and how much worse it may be."""

    slug: str
    title: str
    compared: str
    of: tuple[str, ...]
    panel: str
    severity: Severity
    impact: Impact
    summary: str
    description: str

    @property
    def by(self) -> tuple[str, ...]:
        """Labels of the alert: one for each measure of everybody, one for all of a segment."""
        return BY_MEASURE if EVERYBODY in self.of else BY_SEGMENT


AGAINST = (
    Comparison(
        slug="model-quality-dropped",
        title="Model Quality Dropped",
        compared=compare.PAST,
        of=(EVERYBODY,),
        panel="Quality against usual",
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        summary="{labels.measure} of {labels.model_name} {labels.model_version} is {value} worse",
        description=f"{{labels.measure}} of {OF_MODEL} is {{value}} worse than its median over the last "
        "hour or day, more than whence.yaml allows (watched_models.kept) and more than chance. The cause "
        "can be the input, the model or the world: see the verdict.",
    ),
    Comparison(
        slug="model-segment-dropped",
        title="Model Segment Dropped",
        compared=compare.PAST,
        of=(EACH,),
        panel="Quality by segment",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="{worst} of {labels.model_name} is {value} worse for {labels.segment}",
        description=f"For segment {{labels.segment}}, {{worst}} of {OF_MODEL} is {{value}} worse "
        "than its median over the last hour or day, more than whence.yaml allows (watched_models.kept) and "
        "more than chance. Look for what is specific to this segment.",
    ),
    Comparison(
        slug="model-worse-than-trained",
        title="Model Worse Than Trained",
        compared=compare.TRAINING,
        of=(EVERYBODY,),
        panel="Quality",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="{labels.measure} of {labels.model_name} is {value} worse than trained",
        description=f"{{labels.measure}} of {OF_MODEL} is {{value}} worse than on the data of its "
        "reference, more than whence.yaml allows (watched_models.kept) and more than chance. Either those "
        "numbers were too good, or production is not like the training data.",
    ),
    Comparison(
        slug="model-version-behind",
        title="Model Version Behind",
        compared=compare.VERSIONS,
        of=(EVERYBODY,),
        panel="Quality by version",
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        summary="{labels.measure} of {labels.model_name} {labels.model_version} is {value} worse",
        description=f"{{labels.measure}} of {OF_MODEL} is {{value}} worse than that of its other versions "
        "at the same time, more than whence.yaml allows (watched_models.kept) and more than chance. Input "
        "and infrastructure are the same: the cause is the version.",
    ),
    Comparison(
        slug="model-segment-behind",
        title="Model Segment Behind",
        compared=compare.EVERYBODY,
        of=(EACH, ALL_BUT_RECALL),
        panel="Quality by segment",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="{worst} of {labels.model_name} is {value} worse for segment {labels.segment}",
        description=f"For segment {{labels.segment}}, {{worst}} of {OF_MODEL} is {{value}} worse "
        "than for everybody, more than whence.yaml allows (watched_models.segment_gap) and more than "
        "chance.",
    ),
    Comparison(
        slug="model-opportunity-unequal",
        title="Model Opportunity Unequal",
        compared=compare.BEST,
        of=(EACH, 'measure="recall"'),
        panel="Quality by segment",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="{labels.model_name} finds {value} fewer of segment {labels.segment}",
        description=f"{OF_MODEL} finds {{value}} fewer of the positive cases of segment {{labels.segment}} "
        "than of the best segment (equal opportunity), more than whence.yaml allows "
        "(watched_models.fairness) and more than chance.",
    ),
    Comparison(
        slug="model-parity-lost",
        title="Model Parity Lost",
        compared=compare.BEST,
        of=(EACH, 'measure="positive_rate"'),
        panel="Quality by segment",
        severity=Severity.INFO,
        impact=Impact.POSSIBLE,
        summary="{labels.model_name} says yes {value} less often to segment {labels.segment}",
        description=f"{OF_MODEL} predicts the positive class {{value}} less often for segment "
        "{labels.segment} than for the segment with most of it (demographic parity), more than "
        "whence.yaml allows (watched_models.fairness) and more than chance. This is no fault where the "
        "truth differs as much.",
    ),
)


def _against(config: Config, against: Comparison) -> Alert:
    of = (q.equal("compared", against.compared), *against.of)
    this = (q.equal(label, f"{{labels.{label}}}") for label in BY_SEGMENT)
    return model_alert(
        config,
        slug=against.slug,
        title=against.title,
        query=q.highest(MODEL_WORSE, *of, by=against.by),
        worst=f"topk(1, {q.select(MODEL_WORSE, *of, *this)})" if against.by == BY_SEGMENT else "",
        panel=against.panel,
        severity=against.severity,
        impact=against.impact,
        summary=against.summary,
        description=against.description,
    )


def beyond_limit(config: Config) -> Alert:
    of = (q.equal("compared", compare.LIMIT),)
    worse = f"abs({compare.now('-', *of)}) and {q.select(MODEL_DEVIATION, *of)} >= {BEYOND_LIMIT}"
    return model_alert(
        config,
        slug="model-beyond-limit",
        title="Model Beyond Limit",
        query=still(f"max by ({', '.join(BY_MEASURE)}) ({worse})", compare.over(BY_MEASURE, *of), BY_MEASURE),
        panel="Quality",
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        summary="{labels.measure} of {labels.model_name} is {value} beyond its limit",
        description=f"{{labels.measure}} of {OF_MODEL} is {{value}} worse than it has to be by whence.yaml "
        "(watched_models.measures), in its own unit, and more than chance. Without entries of your own, "
        "AUC has to be above 0.5 and R² above 0: a model below is worse than none.",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (*(_against(config, against) for against in AGAINST), beyond_limit(config))
