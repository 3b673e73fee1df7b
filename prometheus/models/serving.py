"""Which versions of models served, made of which data set, when, and how often.

Functions → PromQL. `where` are matchers of a version or a data set; `window` is how far back is looked.
"""

from prometheus import queries as q
from prometheus.names import label, series
from prometheus.series import models
from prometheus.series.models import MODEL
from telemetry import attributes as a
from telemetry import instruments as i

REQUESTS = series(i.RECOMMENDATION_REQUESTS)
VERSION, DATA_SET = label(a.MODEL_VERSION), label(a.DATASET_ID)
SERVICE = "service_name"


def versions(*where: str, window: str) -> str:
    """1 for each version that reported in the window, with its data set."""
    return q.present(models.INFO, *where, by=[*MODEL, DATA_SET], window=window)


def answers(*versions: str, window: str) -> dict[str, str]:
    """Answers in the window, by name of the counter: predictions of watched models, and requests of services
    that count those, which are more: also what a version answers without a prediction of its own."""
    chosen = q.one_of(VERSION, versions)
    return {
        "predictions": q.increase(models.PREDICTIONS, chosen, by=MODEL, window=window),
        "requests": q.increase(REQUESTS, chosen, by=[SERVICE, VERSION], window=window),
    }
