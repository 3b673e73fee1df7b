"""Quality above, storage below, on one time axis: is it the model or the infrastructure?"""

from typing import Any

from config import Config
from grafana.links import QUALITY as UID
from grafana.panels import Page, dashboard
from grafana.sections.recommender import quality, storage, summary


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "Recommendation quality and storage",
            "Recommendation quality and object storage on one time axis: what causes a drop?",
            tags=["quality", "storage"],
            variables=[quality.DATASET, quality.VERSION, quality.SEGMENT],
        ),
        [*summary.panels(config), *quality.panels(), *storage.panels(config)],
        config,
    )
