"""Versions, their quality and the data they are given: what changed, for whom, against what?"""

from typing import Any

from grafana.links import MODEL_AND_DATA as UID
from grafana.panels import dashboard
from grafana.sections import drift, features, model_glance, past, shown, versions
from grafana.sections.quality import DATASET, SEGMENT, VERSION


def build() -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        UID,
        "Model and data",
        "Model versions side by side, quality against its own past and by segment, drift, features.",
        [
            *model_glance.panels(),
            *versions.panels(),
            *past.of_everybody(),
            *past.by_segment(),
            *shown.panels(),
            *drift.panels(),
            *features.panels(),
        ],
        variables=[DATASET, VERSION, SEGMENT],
        tags=["quality", "model", "data"],
    )
