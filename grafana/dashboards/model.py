"""One model that whence_monitor watches: how good, on what data, and what is not known?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import MODEL as UID
from grafana.panels import Page, dashboard
from grafana.sections import model_features, model_flow, model_items, model_quality, watched_model
from prometheus.needs import Need


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Model",
            "One model of any service: quality against its past, drift from its reference, faulty values.",
            tags=["model"],
            variables=watched_model.VARIABLES,
            marks=(VERDICTS,),
            needs=Need.WATCHED_MODEL,
        ),
        [
            *watched_model.numbers(config),
            *model_quality.panels(config),
            *model_features.panels(),
            *model_flow.panels(),
            *model_items.panels(),
        ],
        config,
    )
