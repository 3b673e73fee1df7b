"""What is set of the recommender."""

from pydantic import BaseModel, ConfigDict

from diagnosis.sources.evidence import Evidence


class Limits(BaseModel):
    """In seconds; a test keeps the defaults those of whence.yaml."""

    model_config = ConfigDict(frozen=True)

    latency: float = 0.3
    """A request that takes longer is slow."""
    storage_deadline: float = 0.25
    """How long a request waits for its user's features."""
    attribution_window: float = 15.0
    """After which the label of a request is known."""


def read_limits(evidence: Evidence) -> Limits:
    return Limits.model_validate(evidence.limits)
