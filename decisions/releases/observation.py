"""What a controller sees at one look."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from decisions.releases.comparison import Compared


class Weight(StrEnum):
    """What an open incident means for a release."""

    PAUSES = "pauses"
    PAUSES_IF_NEW = "pauses if new"
    ROLLS_BACK = "rolls back"
    ASKS = "asks"


@dataclass(frozen=True)
class Trouble:
    """An open incident; `onset` are Unix seconds, None while it is unknown."""

    incident: int
    weight: Weight
    domain: str
    cause: str
    summary: str
    onset: float | None = None


Says = Literal["continue", "roll back"]


@dataclass(frozen=True)
class Answer:
    """What a person says."""

    says: Says
    who: str


@dataclass(frozen=True)
class Observation:
    """One look.

    `live` is the version that the recommender says is live, None if it does not answer; `problem` why it
    cannot load the version. `flag` says whose the flag file is. `compared` are the guards, `labels` the
    version's answers with a known label; `limits` sentences on all versions together that are too bad;
    `blind` why nothing, or not all, can be seen.
    """

    live: str | None
    loaded: bool = True
    problem: str = ""
    flag: Literal["ours", "absent", "other"] = "ours"
    compared: tuple[Compared, ...] = ()
    labels: float = 0.0
    mismatch: bool = False
    limits: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    blind: str = ""
    answer: Answer | None = None
