"""The bodies of the recommender's HTTP interface."""

from typing import Annotated, Self

from pydantic import BaseModel, Field

from services.demo.recommender.answers import Answer, Reason, Source
from services.demo.recommender.shown import Event


class Item(BaseModel):
    """A recommended item; the score orders the items of one answer and has no unit."""

    item_id: int
    score: float


class Recommendations(BaseModel):
    """An answer; `trace_id` is null while telemetry is off."""

    request_id: str
    trace_id: str | None
    user_id: int
    model_version: str
    dataset_id: str
    source: Source
    reason: Reason
    items: list[Item]

    @classmethod
    def of(cls, answer: Answer) -> Self:
        return cls.model_validate(
            {
                "request_id": answer.request_id,
                "trace_id": answer.trace_id,
                "user_id": answer.user_id,
                "model_version": answer.labels.version,
                "dataset_id": answer.dataset_id,
                "source": answer.labels.source,
                "reason": answer.reason,
                "items": [{"item_id": item_id, "score": score} for item_id, score in answer.items],
            }
        )


class FeedbackEvent(BaseModel):
    """What a user did with an item of an answer."""

    request_id: Annotated[str, Field(min_length=1, max_length=64)]
    item_id: int
    event: Event


class FeedbackTaken(BaseModel):
    """`counted` is false for feedback that was counted before, or will be once the workers' store works."""

    counted: bool


class Readiness(BaseModel):
    """The live version, and all that answer; `degraded` says why they, or the shadow, are not the right ones.

    `shadow` is the version that answers some requests too, unseen by users.
    """

    model_version: str
    dataset_id: str
    versions: list[str]
    degraded: str | None
    shadow: str | None


class Problem(BaseModel):
    """What was wrong, in one line."""

    detail: str
