"""What a watched model is given and answers: drift from its reference, and values that are wrong."""

from grafana.options import (
    GREEN,
    HALF,
    ORANGE,
    PERCENT,
    RED,
    Heading,
    Lines,
    Query,
    Size,
    Value,
)
from grafana.panels import Panel, row, timeseries
from grafana.sections.watched_models.summary import CHOSEN, FEATURE, OF_FEATURE, OF_SEGMENT
from grafana.shapes import columns, timeline
from prometheus import queries as q
from prometheus.models import watched as w
from prometheus.models.drift import STABILITY_LIMITS
from prometheus.models.measures import ENOUGH
from prometheus.series import models

STATES = {0: ("as in reference", GREEN), 1: ("moderate", ORANGE), 2: ("large", RED)}
TALL = Size(12, 12)
FEW_VALUES = f"Fewer than {ENOUGH} values in the window, or no reference"


def panels() -> list[Panel]:
    """Ids 20–26."""
    return [
        row(20, "Features: against the reference of the training data"),
        drift(),
        faulty(),
        drift_of_answers(),
        drift_of_inputs(),
        distribution(),
        magnitude(),
    ]


def drift() -> Panel:
    moderate, large = STABILITY_LIMITS.values()
    return timeline(
        Heading(
            21,
            "Feature drift",
            "Whether each feature differs from the reference by more than chance explains: moderately "
            f"(population stability index {moderate:g}, Kolmogorov-Smirnov 0.1) or largely ({large:g}, 0.2). "
            "Good: all as in reference. A feature that changes alone is a fault of its source; many at once "
            "are other users. With a segment, features that are watched by segment.",
        ),
        Query(w.drift_level(*OF_SEGMENT, by=["feature", "model_version"]), "{{feature}} {{model_version}}"),
        STATES,
        no_value=FEW_VALUES,
        size=TALL,
    )


def faulty() -> Panel:
    of = (w.faults(*OF_SEGMENT, by=["feature", "kind"]), w.faults(*OF_SEGMENT, by=["kind"]))
    return timeseries(
        Heading(
            22,
            "Faulty values",
            "Shares of values that are missing, unseen (a new category), out_of_range, infinite or of a "
            "wrong_type, by feature, the 12 largest; kinds without a feature do not occur. Good: 0%, or as "
            "in training.",
        ),
        [Query(f"topk(12, {of[0]} > 0) or {of[1]} == 0", "{{feature}} {{kind}}")],
        PERCENT,
        no_value=FEW_VALUES,
        size=TALL,
    )


def drift_of_answers() -> Panel:
    return _excess(
        Heading(
            23,
            "Predictions and labels drift",
            "Drift of predictions and of labels from the reference, by what large drift exceeds only by "
            "chance. Good: below the dashed line, 1. Labels alone: the world changed, or what counts as one. "
            "Predictions alone: look at the features.",
        ),
        models.PREDICTION,
        models.TRUTH,
    )


def drift_of_inputs() -> Panel:
    return _excess(
        Heading(
            26,
            "Inputs together",
            "Drift of the error with which the numbers of a request follow from each other, as in the "
            "reference, by what large drift exceeds only by chance. Good: below the dashed line, 1. Above it "
            "while no feature drifts: values of different cases come together, or other users do.",
        ),
        models.INPUTS,
    )


def _excess(heading: Heading, *features: str) -> Panel:
    of = (q.one_of("feature", features), *OF_SEGMENT)
    excess = w.excess("large", *of, by=["feature", "model_version"])
    return timeseries(
        heading,
        [Query(excess, "{{feature}} {{model_version}}")],
        Value("none", decimals=2),
        Lines(steps=[(1, RED)]),
        no_value=FEW_VALUES,
        size=HALF,
    )


def distribution() -> Panel:
    return columns(
        Heading(
            24,
            "Distribution against the reference",
            "Shares of the chosen feature's values by bin, now and in the reference: a number by where the "
            "bin begins, a category by its name. Good: pairs of equal height. Choose the feature at the top, "
            "and one version if there are several.",
        ),
        w.distributions(*OF_FEATURE),
        by=("where", "Bin"),
        value=PERCENT,
        no_value="The feature has no values in the window",
        size=HALF,
    )


def magnitude() -> Panel:
    edges = (*CHOSEN, FEATURE.matcher)
    return timeseries(
        Heading(
            25,
            "Magnitude against the reference",
            "The mean of the chosen feature over 10 minutes, and the least, middle and largest value of the "
            "reference. Good: a mean as far from both ends as ever. A mean beyond them, by 100 or 1,000 "
            "times say, is a changed unit. Categories have none.",
        ),
        [
            Query(w.magnitude(*CHOSEN, FEATURE.matcher), "mean now"),
            Query(q.lowest(models.REFERENCE_EDGE, *edges), "reference: least"),
            Query(f"quantile (0.5, {q.select(models.REFERENCE_EDGE, *edges)})", "reference: middle"),
            Query(q.highest(models.REFERENCE_EDGE, *edges), "reference: largest"),
        ],
        Value("short", decimals=2, minimum=None),
        no_value="Only of features that are numbers",
        size=HALF,
    )
