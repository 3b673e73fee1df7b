"""What a verdict is about: the entity of each component, and the way to it from where users notice."""

from collections.abc import Mapping

from diagnosis.topology.entity import Kind
from diagnosis.verdict.verdict import Place
from telemetry.instruments import RECOMMENDATION_REQUESTS

SERVICE = RECOMMENDATION_REQUESTS.service

RECOMMENDER = Place(kind=Kind.SERVICE, name=SERVICE)
MODEL = Place(kind="model", name=f"recommendations@{SERVICE}")
STORAGE = Place(kind=Kind.STORAGE, name="S3")
"""Its address is not in the evidence."""
FEATURES = Place(kind="job", name="features")
"""It writes into storage what the recommender reads, and sends no telemetry of its own."""
HOST = Place(kind="host", name=f"{SERVICE}'s host")
COLLECTOR = Place(kind=Kind.PEER, name="collector")

PATHS: Mapping[str, tuple[Place, ...]] = {
    **dict.fromkeys(("traffic", "configuration"), (RECOMMENDER,)),
    **dict.fromkeys(("model", "training data", "catalogue", "users"), (RECOMMENDER, MODEL)),
    **dict.fromkeys(("storage", "bucket"), (RECOMMENDER, STORAGE)),
    "features": (RECOMMENDER, STORAGE, FEATURES),
    "host": (RECOMMENDER, HOST),
    "collector": (COLLECTOR,),
}
"""By component of a hypothesis. What users like, and what a model was made from, shows in the model."""

TOLD_BY: Mapping[str, Place] = {
    **dict.fromkeys(("latency_p50", "latency_p95", "failing", "loss"), RECOMMENDER),
    **dict.fromkeys(("storage_p50", "storage_p95", "all_late", "tail_only", "failed", "refuses"), STORAGE),
    **dict.fromkeys(("away", "broken", "timed_out", "throttled", "denied"), STORAGE),
    **dict.fromkeys(("skewed", "misplaced", "bucketless"), STORAGE),
}
"""By signal: whose requests it says are slow, fail, or are answered worse."""
