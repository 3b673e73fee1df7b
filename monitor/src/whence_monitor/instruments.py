"""Every metric of this package, declared once. Pure data: imports nothing of the package.

All but gauges add up over processes: `sum by (model_name, model_version, reference, feature, bin)`. Gauges
are facts of the reference, the same in each process, or what a process sees: take their maximum.
"""

from dataclasses import dataclass
from enum import StrEnum

MODEL, VERSION, DATASET_ID = "model.name", "model.version", "dataset.id"
TASK, REFERENCE, LEARNED = "task", "reference", "learned"
SEGMENT, FEATURE, BIN, SIGN = "segment", "feature", "bin", "sign"
CLASS, OUTCOME, QUANTITY = "class", "outcome", "quantity"
PREDICTED, CAME_TRUE = "predicted", "came_true"
YES, NO = "yes", "no"
"""Of what had a probability, YES or NO: whether it was predicted, and whether it came true."""
KIND, REGISTER, MEASURE = "kind", "register", "measure"


class Kind(StrEnum):
    """Counters and gauges are observable instruments."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Instrument:
    """One metric; `attributes` come beside MODEL and VERSION, which all have."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    """Of a histogram."""


PREDICTIONS = Instrument(
    "model.predictions", Kind.COUNTER, "{prediction}", "Predictions that were observed.", (SEGMENT,)
)
LABELS = Instrument(
    "model.labels", Kind.COUNTER, "{label}", "Predictions whose truth has become known.", (SEGMENT,)
)
UNLABELLED = Instrument(
    "model.predictions.unlabelled",
    Kind.COUNTER,
    "{prediction}",
    "Predictions that were forgotten, for their age or number, before their truth became known.",
)
AWAITED = Instrument(
    "model.labels.awaited", Kind.GAUGE, "{prediction}", "Predictions whose truth may still become known."
)
LABEL_DELAY = Instrument(
    "model.label.delay",
    Kind.HISTOGRAM,
    "s",
    "Time from a prediction until its truth became known.",
    boundaries=(1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
LATENCY = Instrument(
    "model.prediction.duration",
    Kind.HISTOGRAM,
    "s",
    "Time that the model took for a prediction.",
    boundaries=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
FEATURE_AGE = Instrument(
    "model.feature.age",
    Kind.HISTOGRAM,
    "s",
    "How old the features of a prediction were.",
    boundaries=(
        1,
        10,
        60,
        300,
        900,
        1_800,
        3_600,
        7_200,
        14_400,
        28_800,
        86_400,
        172_800,
        604_800,
        2_592_000,
    ),
)
COST = Instrument(
    "model.prediction.cost", Kind.COUNTER, "1", "Sum of what predictions cost, in the unit of the service."
)
FEATURE_VALUES = Instrument(
    "model.feature.values",
    Kind.COUNTER,
    "{value}",
    "Values of a feature by bin; each value is in one, the bins of faults included.",
    (REFERENCE, FEATURE, BIN, SEGMENT),
)
FEATURE_MAGNITUDE = Instrument(
    "model.feature.magnitude",
    Kind.COUNTER,
    "1",
    "Sum of the positive, and of the negative values of a feature without their sign.",
    (REFERENCE, FEATURE, SIGN),
)
REFERENCE_VALUES = Instrument(
    "model.reference.values",
    Kind.GAUGE,
    "{value}",
    "Values of a feature by bin in the reference.",
    (REFERENCE, FEATURE, BIN, SEGMENT),
)
REFERENCE_EDGE = Instrument(
    "model.reference.edge",
    Kind.GAUGE,
    "{value}",
    "The least value of a bin; of the bin `above`, the maximum of the reference.",
    (REFERENCE, FEATURE, BIN),
)
FEATURE_TRUTHS = Instrument(
    "model.feature.truths",
    Kind.COUNTER,
    "{label}",
    "Labelled predictions of a binary classifier by the bin of a feature that is telling in the reference.",
    (REFERENCE, FEATURE, BIN, CAME_TRUE),
)
REFERENCE_TRUTHS = Instrument(
    "model.reference.truths",
    Kind.GAUGE,
    "{value}",
    "The same of the rows of the reference.",
    (REFERENCE, FEATURE, BIN, CAME_TRUE),
)
REFERENCE_QUALITY = Instrument(
    "model.reference.quality",
    Kind.GAUGE,
    "{value}",
    "How well the model did on the data of the reference, by measure, in its unit.",
    (MEASURE,),
)
REFERENCE_CALIBRATION = Instrument(
    "model.reference.calibration",
    Kind.GAUGE,
    "{value}",
    "What became of predictions in the reference by bin: labels, and how many came true or sums of errors.",
    (REFERENCE, BIN, PREDICTED, QUANTITY),
)
OUTCOMES = Instrument(
    "model.outcomes",
    Kind.COUNTER,
    "{label}",
    "Labelled predictions by class: true positives, false positives, false negatives (tp, fp, fn).",
    (SEGMENT, CLASS, OUTCOME),
)
SCORES = Instrument(
    "model.scores",
    Kind.COUNTER,
    "{prediction}",
    "Predictions by score: the probability of class 1, with several classes that of the predicted one.",
    (BIN, PREDICTED),
)
SCORE_LABELS = Instrument(
    "model.score.labels",
    Kind.COUNTER,
    "{label}",
    "Labelled predictions by score, and whether that which had this probability came true.",
    (BIN, PREDICTED, CAME_TRUE),
)
SCORE_EXPECTED = Instrument(
    "model.score.expected",
    Kind.COUNTER,
    "1",
    "Sum of the scores of labelled predictions: so many should have come true.",
    (BIN, PREDICTED),
)
PREDICTION_ERRORS = Instrument(
    "model.prediction.errors",
    Kind.COUNTER,
    "1",
    "Of a regression, by the bin of the prediction: labels, and sums of |error|, error² and error⁴.",
    (REFERENCE, BIN, QUANTITY),
)
QUALITY = Instrument(
    "model.quality",
    Kind.COUNTER,
    "1",
    "Sums over labelled predictions that measures of performance are made of.",
    (SEGMENT, QUANTITY),
)
CONCEPT_DRIFT = Instrument(
    "model.concept.drift",
    Kind.GAUGE,
    "{threshold}",
    "Page and Hinkley's test of the errors of labelled predictions: from 1 on they have become larger.",
)
SCORES_MARGIN = Instrument(
    "model.scores.margin",
    Kind.COUNTER,
    "{prediction}",
    "Predictions of a binary classifier whose score is in the bin below or above the threshold.",
)
REPEATED = Instrument(
    "model.requests.repeated",
    Kind.COUNTER,
    "{prediction}",
    "Predictions whose features this process just saw: the same values (exact), or others in the same bins.",
    (KIND,),
)
ITEMS_SHOWN = Instrument(
    "model.items.shown",
    Kind.COUNTER,
    "{item}",
    "Items shown by their popularity in the reference: 10 the most popular tenth, 01 the least.",
    (BIN,),
)
ITEMS_SPREAD = Instrument(
    "model.items.spread",
    Kind.COUNTER,
    "{item}",
    "Items shown by one of 64 buckets of their hash: how evenly items are shown.",
    (BIN,),
)
ITEMS_REGISTER = Instrument(
    "model.items.register",
    Kind.GAUGE,
    "{bit}",
    "HyperLogLog of the different items shown in the last 5 to 10 minutes; take maxima over processes.",
    (REGISTER,),
)
INFO = Instrument(
    "model.info",
    Kind.GAUGE,
    "{model}",
    "Always 1; its attributes describe the model and its reference.",
    (DATASET_ID, TASK, REFERENCE, LEARNED),
)
PROBLEMS = Instrument(
    "model.monitor.problems",
    Kind.COUNTER,
    "{problem}",
    "What could not be watched, by what was wrong with it.",
    (KIND,),
)

INSTRUMENTS: tuple[Instrument, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Instrument))
