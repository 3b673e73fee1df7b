"""All models that whence_monitor watches: which is worse than usual, drifts, or is given faulty values?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import MODELS as UID
from grafana.panels import Page, dashboard
from grafana.sections.watched_models import glance
from prometheus.needs import Need


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Models",
            "All models and versions of all services at a glance: quality, drift, faulty values, alerts.",
            tags=["model"],
            marks=(VERDICTS,),
            needs=Need.WATCHED_MODEL,
        ),
        [*glance.numbers(), glance.every_model(config), *glance.over_time(config)],
        config,
    )
