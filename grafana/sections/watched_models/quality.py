"""How good a watched model is: now, against its past, by version and segment, by its own probabilities."""

from config import Config
from grafana.options import ORANGE, SCORE, SHARE, THIRD, WHOLE_PERCENT, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.watched_models.summary import CHOSEN, IN_WINDOW, MAIN, OF_ALL, OF_SEGMENT
from grafana.shapes import Column, Sort, columns, table
from prometheus import queries as q
from prometheus.models import comparisons as compare
from prometheus.models import watched as w
from prometheus.models.measures import ENOUGH
from prometheus.series import models
from prometheus.series.recorded import MODEL_LABELS

MEASURE = Value("none", decimals=3, minimum=None)
FEW_LABELS = f"Fewer than {ENOUGH} labels in the window"


def panels(config: Config) -> list[Panel]:
    """Ids 10–19."""
    return [
        row(10, "Quality: from labels as they become known"),
        measures(),
        against_usual(config),
        by_version(),
        by_segment(),
        estimate(),
        calibration(),
        concept_drift(),
        segments(),
        estimate_error(),
    ]


def measures() -> Panel:
    return timeseries(
        Heading(
            11,
            "Quality",
            "All measures that the task has, over the window, in the chosen segment: shares and ranks, of "
            "which more is better, and errors, of which less is. Good: steady. Empty: not enough labels.",
        ),
        [Query(w.quality(*OF_SEGMENT), "{{measure}} {{model_version}}")],
        MEASURE,
        no_value=FEW_LABELS,
    )


def against_usual(config: Config) -> Panel:
    least = config.watched_models.kept
    return timeseries(
        Heading(
            12,
            "Quality against usual",
            "Each measure by its median over the last day, or over the last hour while half a day is not "
            f"known; errors the other way round. Good: near 100%; below the dashed line, {least:.0%}, the "
            "model is worse than whence.yaml allows of all models (watched_models.kept).",
        ),
        [Query(w.kept(*OF_SEGMENT), "{{measure}} {{model_version}}")],
        WHOLE_PERCENT,
        Lines(steps=[(least, ORANGE)]),
        no_value=f"{FEW_LABELS}, or half an hour is not known yet",
    )


def by_version() -> Panel:
    return timeseries(
        Heading(
            13,
            "Quality by version",
            f"The main measure of each version: {MAIN}. Good: close together; a version that is apart, with "
            "the same users, is another model.",
        ),
        [Query(w.main(*OF_SEGMENT), "{{model_version}} {{measure}}")],
        SCORE,
        no_value=FEW_LABELS,
    )


def by_segment() -> Panel:
    return timeseries(
        Heading(
            14,
            "Quality by segment",
            "The main measure of each segment; of probabilities there is no AUC by segment, but F1. Good: "
            f"steady, and no segment that falls alone. One with fewer than {ENOUGH} labels is left out.",
        ),
        [Query(w.main(*IN_WINDOW, w.OF_A_SEGMENT), "{{segment}} {{measure}} {{model_version}}")],
        SCORE,
        no_value=f"No segments, or fewer than {ENOUGH} labels in each",
    )


def estimate() -> Panel:
    return timeseries(
        Heading(
            16,
            "Estimate against truth",
            "While labels are late: what AUC, accuracy or the mean absolute error of the predictions should "
            "be, by what became of predictions like them, with an interval of 95%; and what labels say. It "
            "is an estimate, of everybody: it sees other inputs, never another relation. Good: the truth "
            "within the interval; when it leaves it, the same inputs mean something else than before.",
        ),
        [
            Query(expr, f"{name} {{{{measure}}}} {{{{model_version}}}}")
            for name, expr in w.estimate(*OF_ALL).items()
        ],
        SCORE,
        no_value="Only of classifiers and regressors with enough labels in the past or in the reference",
        size=THIRD,
    )


def calibration() -> Panel:
    came_true, expected = w.calibration(*OF_ALL)
    return columns(
        Heading(
            15,
            "Calibration",
            "Of labelled predictions by their probability, from the number below the bars on: the share that "
            "came true, and the share that should have. Good: pairs of equal height. Only classifiers that "
            "tell probabilities have it.",
        ),
        {"came true": came_true, "expected": expected},
        by=("bin", "Probability"),
        value=SHARE,
        no_value="Only of classifiers with probabilities and labels",
        size=THIRD,
    )


def segments() -> Panel:
    by = ["segment", "model_version", "measure"]
    now = w.measure(w.OF_SEGMENTS, *IN_WINDOW, by=by)
    labels = q.lowest(MODEL_LABELS, *IN_WINDOW, by=by[:2])
    return table(
        Heading(
            18,
            "Segments",
            "Accuracy and F1 of each segment, NDCG of rankers, the mean absolute error of regressors: over "
            "the window, with half an interval of 95% and the labels that it is of; all is everybody. Good: "
            "every segment within its interval of everybody.",
        ),
        [
            Query(now),
            Query(compare.margin(w.OF_SEGMENTS, *IN_WINDOW, by=by)),
            Query(f"0 * {now} + on (segment, model_version) group_left () {labels}"),
        ],
        [
            Column("measure", "Measure", width=90),
            Column("segment", "Segment"),
            Column("model_version", "Version", width=100),
            Column("Value #A", "Now", decimals=3, width=70),
            Column("Value #B", "Within ±", decimals=3, width=80),
            Column("Value #C", "Labels", decimals=0, width=80),
        ],
        Sort("Measure"),
    )


def estimate_error() -> Panel:
    return timeseries(
        Heading(
            19,
            "Error of the estimate",
            "What would have been estimated of predictions whose labels became known in the window, minus "
            "what these say. Good: near 0; away from it, the same inputs mean something else than before, "
            "and estimates of the present predictions are off as much.",
        ),
        [Query(w.estimate_error(*OF_ALL), "{{measure}} {{model_version}}")],
        MEASURE,
        no_value=f"{FEW_LABELS}, or no estimate",
    )


def concept_drift() -> Panel:
    return timeseries(
        Heading(
            17,
            "Concept drift",
            "Page and Hinkley's test of the errors, label by label, of the process that sees most. Good: "
            "near 0; above the dashed line errors have become larger than in the last ten thousand labels.",
        ),
        [Query(q.highest(models.CONCEPT_DRIFT, *CHOSEN, by=["model_version"]), "{{model_version}}")],
        Value("none", decimals=2),
        Lines(steps=[(1, ORANGE)]),
        no_value="No labels",
        size=THIRD,
    )
