"""What is said about an answer: where it came from, why, and under which labels it is counted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.demo.recommender.ranking import Ranked


class Source(StrEnum):
    """What an answer was made from."""

    PERSONALISED = "personalised"
    STALE = "stale"
    POPULAR = "popular"


class Reason(StrEnum):
    """Why an answer has its source."""

    OK = "ok"
    UNKNOWN_USER = "unknown_user"
    STORAGE_DEADLINE = "storage_deadline"
    STORAGE_ERROR = "storage_error"
    STORAGE_BUSY = "storage_busy"
    FEATURES_MISSING = "features_missing"
    FEATURES_INVALID = "features_invalid"
    FEATURES_EXPIRED = "features_expired"


class Labels(NamedTuple):
    """The labels that a request and all feedback on it are counted under.

    `group` is the user's, where a flag splits users between versions; empty elsewhere.
    """

    source: Source
    version: str
    segment: str
    group: str = ""


@dataclass(frozen=True)
class Answer:
    """One answered request; it waited `waited` seconds for storage, 0 if storage was not asked.

    `flag_reason` is why the flag gave it its version: split, static, default, or error.
    """

    request_id: str
    trace_id: str | None
    user_id: int
    dataset_id: str
    labels: Labels
    reason: Reason
    flag_reason: str
    waited: float
    items: Ranked
