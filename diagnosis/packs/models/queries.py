"""What is asked of Prometheus about watched models: raw counters, which tell the onset better than windows.

Of features, only those are asked for that are furthest from their reference: any that moved is among them.
"""

import math
from collections.abc import Mapping

from prometheus import queries as q
from prometheus.models.samples import ALL, SEGMENTED, SHORT
from prometheus.series import models
from prometheus.series.models import MODEL
from prometheus.series.recorded import FEATURE_DRIFT, MODEL_MEASURE

NAME = "series"
"""Label with the name of the metric, which clients leave out of the labels."""
COUNTS, FEATURES = "model_counts", "model_features"

MOST_FEATURES = 32
"""Features, each segment's counted apart, that are asked for of a model."""

COUNTED = (
    models.PREDICTIONS,
    models.LABELS,
    models.OUTCOMES,
    models.QUALITY,
    models.SCORE_LABELS,
    models.SCORE_EXPECTED,
    models.PROBLEMS,
)
_OF_COUNTS = (*MODEL, "segment", "class", "outcome", "quantity", "bin", "came_true", "kind")
_OF_BIN = (*MODEL, "reference", "feature", "bin")
_FEATURE = ("service_name", "model_name", "feature")


def present_models(window: str) -> str:
    """1 for each model of a service that predicted anything in a window."""
    return q.present(models.PREDICTIONS, by=("service_name", "model_name"), window=window)


def ask_models(seconds: float, *where: str) -> Mapping[str, str]:
    """Two queries about the models of some services: `where` are matchers of those.

    `seconds` is the length of the window that is looked at.
    """
    delay = q.select(MODEL_MEASURE, q.equal("measure", "label_delay"), q.equal("window", SHORT), *where)
    return {
        COUNTS: f"{_sum(_OF_COUNTS, q.select_any(COUNTED, *where))} or {_named(delay)}",
        FEATURES: _features(f"{math.ceil(seconds)}s", *where),
    }


def _features(window: str, *where: str) -> str:
    values = (models.FEATURE_VALUES, models.REFERENCE_VALUES)
    everybody = f'label_replace({_sum(_OF_BIN, q.select_any(values, *where))}, "segment", "{ALL}", "", "")'
    each = _sum((*_OF_BIN, "segment"), q.select_any(values, SEGMENTED, *where))
    magnitude = _sum((*MODEL, "feature"), q.select(models.FEATURE_MAGNITUDE, *where))
    watched = _furthest(window, *where)
    of_bins = f"({everybody} or {each}) and on ({', '.join(_FEATURE)}, segment) {watched}"
    return f"{of_bins} or ({magnitude} and on ({', '.join(_FEATURE)}) {watched})"


def _furthest(window: str, *where: str) -> str:
    """The features that were furthest from their reference at any time of the window."""
    drift = f"{q.select(FEATURE_DRIFT, q.equal('measure', 'psi'), *where)}[{window}] @ end()"
    highest = f"max by ({', '.join(_FEATURE)}, segment) (max_over_time({drift}))"
    return f"topk by (service_name, model_name) ({MOST_FEATURES}, {highest})"


def _sum(by: tuple[str, ...], expr: str) -> str:
    return f"sum by ({NAME}, {', '.join(by)}) ({_named(expr)})"


def _named(expr: str) -> str:
    return f'label_replace({expr}, "{NAME}", "$1", "__name__", "(.+)")'
