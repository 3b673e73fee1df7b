"""One model that whence_monitor watches: how good, on what data, and what is not known?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import MODEL as UID
from grafana.panels import Page, dashboard
from grafana.sections.watched_models import features, flow, items, quality, summary
from prometheus.needs import Need


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Model",
            "One model of any service: quality against its past, drift from its reference, faulty values.",
            tags=["model"],
            variables=summary.VARIABLES,
            marks=(VERDICTS,),
            needs=Need.WATCHED_MODEL,
        ),
        [
            *summary.numbers(config),
            *quality.panels(config),
            *features.panels(),
            *flow.panels(),
            *items.panels(),
        ],
        config,
    )
