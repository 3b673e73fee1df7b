"""One watched model: which one, and how it is at a glance."""

from config import Config
from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
    GREEN,
    NUMBER,
    ORANGE,
    PERCENT,
    RED,
    SCORE,
    WHOLE_PERCENT,
    Heading,
    Levels,
    Query,
)
from grafana.panels import Panel, name, stat
from grafana.variables import Variable
from prometheus import queries as q
from prometheus.models import watched as w
from prometheus.models.samples import ALL, LONG, SHORT
from prometheus.series import models
from prometheus.series.recorded import (
    DRIFTED,
    FEATURE_VALUES,
    MAIN_MEASURE,
    MAIN_MEASURE_KEPT,
    MODEL_PREDICTIONS,
    WORST_FAULT,
)

SERVICE = Variable("service_name", "Service", models.INFO, first="")
MODEL = Variable("model_name", "Model", models.INFO, where=(SERVICE.matcher,), first="")
OF_MODEL = (SERVICE.matcher, MODEL.matcher)
VERSION = Variable("model_version", "Version", models.INFO, where=OF_MODEL)
SEGMENT = Variable("segment", "Segment", MODEL_PREDICTIONS, where=OF_MODEL, first=ALL)
FEATURE = Variable("feature", "Feature", FEATURE_VALUES, where=OF_MODEL, first=models.PREDICTION)
WINDOW = Variable("window", "Window", MODEL_PREDICTIONS, where=OF_MODEL, first=SHORT)
VARIABLES = (SERVICE, MODEL, VERSION, SEGMENT, FEATURE, WINDOW)

CHOSEN = (*OF_MODEL, VERSION.matcher)
IN_WINDOW = (*CHOSEN, WINDOW.matcher)
OF_ALL = (*IN_WINDOW, w.EVERYBODY)
OF_SEGMENT = (*IN_WINDOW, SEGMENT.matcher)
OF_FEATURE = (*OF_SEGMENT, FEATURE.matcher)

COLORS = {w.BAD: RED, w.SUSPECT: ORANGE, w.WELL: GREEN, w.UNSURE: BLUE}
MEANING = (
    "Alert: an alert on it fires. Incident: one of its service is open. Quality: the main measure is below "
    "its limit in whence.yaml (watched_models.kept). Faulty values: more of a feature than it allows, beyond "
    "those of the reference. Drift: a feature drifts. No labels: its quality is not known."
)
"""Of the states of a model."""
MAIN = "AUC; without probabilities macro F1; of rankers NDCG; of regressors the mean absolute error"
LABELLED_SERVICE = links.dashboard("Service", links.SERVICE, service_name="${service_name}")


def numbers(config: Config) -> list[Panel]:
    """The model at a glance. Ids 1–6."""
    return [state(), main_measure(), against_usual(config), labelled(), drifted(), faulty()]


def state() -> Panel:
    levels = sorted((level, color) for level, color in COLORS.items() if level > w.UNSURE)
    return name(
        Heading(1, "State", f"The worst there is to say of the chosen versions. {MEANING} Good: OK."),
        Query(f"topk(1, {w.state(*CHOSEN)})", "{{state}}"),
        Levels(COLORS[w.UNSURE], levels),
        no_value="no model",
        data_links=[LABELLED_SERVICE, links.dashboard("Models", links.MODELS)],
        size=NUMBER,
    )


def main_measure() -> Panel:
    return stat(
        Heading(2, "Main measure", f"{MAIN}; over 10 minutes. Good: as in training."),
        Query(q.lowest(MAIN_MEASURE, *CHOSEN, by=["measure"]), "{{measure}}"),
        SCORE,
        Levels(BLUE),
    )


def against_usual(config: Config) -> Panel:
    least = config.watched_models.kept
    return stat(
        Heading(
            3,
            "Against usual",
            "The main measure by its median over the last day, or hour; errors the other way round. Good: "
            f"near 100%; below {least:.0%} it is worse than whence.yaml allows (watched_models.kept).",
        ),
        Query(q.lowest(MAIN_MEASURE_KEPT, *CHOSEN)),
        WHOLE_PERCENT,
        Levels(RED, [(least, ORANGE), ((1 + least) / 2, GREEN)]),
    )


def labelled() -> Panel:
    return stat(
        Heading(
            4,
            "Labelled",
            "Labels by predictions, over an hour. Good: steady; more than 100% is labels of earlier "
            "predictions.",
        ),
        Query(w.measure(["label_coverage"], *CHOSEN, w.EVERYBODY, f'window="{LONG}"', by=["measure"])),
        PERCENT,
        Levels(BLUE),
    )


def drifted() -> Panel:
    return stat(
        Heading(
            5,
            "Drifted",
            "Features that drift from the reference, predictions and labels among them. Good: 0.",
        ),
        Query(q.highest(DRIFTED, *CHOSEN)),
        COUNT,
        Levels(steps=[(1, ORANGE)]),
    )


def faulty() -> Panel:
    return stat(
        Heading(
            6,
            "Faulty",
            "Of values of a feature that are missing, unseen, out of range, infinite or of a wrong type, "
            "beyond those of the reference, the largest share by its limit in whence.yaml. Good: 0%; else "
            "look at Faulty values.",
        ),
        Query(f"{q.highest(WORST_FAULT, *CHOSEN)} or max (0 * {w.known(*CHOSEN)})"),
        PERCENT,
        Levels(steps=[(0.01, ORANGE)]),
    )
