"""What came of an experiment, as it is kept when it ends."""

from pydantic import JsonValue

from config.experiments import Experiment
from decisions.experiments.reading import TooManySeries, read
from decisions.experiments.review import Review, review
from decisions.experiments.wording import describe
from prometheus.client import Client, SourceAway

KEPT = 3_000
"""Characters of the text: it stands in an entry of the audit trail, whose size is bounded."""


def read_outcome(client: Client, experiment: Experiment, now: float) -> JsonValue:
    """The last look: what is decided by variant and metric, and the look as text; or why there is none."""
    try:
        return _keep(review(experiment, read(client, experiment, now)))
    except (SourceAway, TooManySeries) as away:
        return {"unknown": str(away)}


def _keep(look: Review) -> JsonValue:
    decided: dict[str, JsonValue] = {
        variant.name: {
            judged.metric.name: judged.comparison.decision.value
            for judged in look.judged
            if judged.variant is variant
        }
        for variant in look.experiment.variants[1:]
    }
    return {"decided": {} if look.mismatch else decided, "text": describe(look)[:KEPT]}
