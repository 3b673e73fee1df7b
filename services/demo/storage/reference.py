"""How a version's training data and predictions were distributed: models/<version>/reference.json.

The trainer writes it; the recommender compares what it sees with it, to tell drift. Users are weighted by the
visits expected of them: requests, not users, are what it is compared with.
"""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveFloat, model_validator

FACTOR_NORM = "factor_norm"
"""Feature: Euclidean norm of the user's factors."""
SEEN_COUNT = "seen_count"
"""Feature: number of items the user has seen."""
TOP_SCORE = "top_score"
"""Score of the item ranked first."""
FEATURES = (FACTOR_NORM, SEEN_COUNT)
ALL_SEGMENTS = "all"
UNKNOWN_SEGMENT = "unknown"
"""Segment of a user the version was not trained on."""
LEAST_SHARE = 1e-3
"""Of a bin or a segment: one that was never seen has this share, so that distances stay finite."""

ItemId = Annotated[int, Field(ge=0, lt=2**31)]
Shares = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Distribution(_Document):
    """Of one quantity: the share of values in each bin, and a sample of evenly spaced quantiles, sorted.

    Bin 0 is below `edges[0]`, bin i from `edges[i - 1]` to below `edges[i]`, the last from the last edge on.
    """

    edges: tuple[FiniteFloat, ...]
    shares: Shares
    sample: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError("there is not one share more than edges")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("edges are not strictly increasing")
        if any(low > high for low, high in pairwise(self.sample)):
            raise ValueError("the sample is not sorted")
        return self


class Reference(_Document):
    """A version's reference: `features` by feature and segment (or `all`), `segments` with `unknown` last.

    `popularity` names all items, most rated first.
    """

    version: str
    features: dict[str, dict[str, Distribution]]
    segments: dict[str, PositiveFloat]
    top_score: Distribution
    popularity: tuple[ItemId, ...]
