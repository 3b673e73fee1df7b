"""Versions, their quality and the data they are given: what changed, for whom, against what?"""

from typing import Any

from config import Config
from grafana.links import MODEL_AND_DATA as UID
from grafana.panels import Page, dashboard
from grafana.sections.recommender import baseline, drift, features, model, shadow, versions
from grafana.sections.recommender.quality import DATASET, SEGMENT, VERSION


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Model and data",
            "Model versions side by side, quality against its own past and by segment, drift, features.",
            tags=["quality", "model", "data"],
            variables=[DATASET, VERSION, SEGMENT],
        ),
        [
            *model.panels(config),
            *versions.panels(config),
            *shadow.panels(config),
            *baseline.overall(config),
            *baseline.by_segment(),
            *drift.panels(config),
            *features.panels(config),
        ],
        config,
    )
