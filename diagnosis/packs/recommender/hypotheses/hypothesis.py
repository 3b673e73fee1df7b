"""The form of a hypothesis: what it predicts, what would exclude it, what it explains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from diagnosis.signals.changes import SignalChange
from diagnosis.verdict.verdict import Domain


class Direction(StrEnum):
    """What a hypothesis expects of a signal."""

    UP = "up"
    UNMOVED = "unmoved"


@dataclass(frozen=True)
class Expect:
    """A signal, measured or derived, and what it should do; `weight` among a hypothesis' predictions."""

    signal: str
    direction: Direction = Direction.UP
    weight: float = 1.0

    def match(self, changes: Mapping[str, SignalChange]) -> float | None:
        """How far it came true (0–1); None when the signal is not known."""
        change = changes.get(self.signal)
        if change is None or not change.known:
            return None
        if self.direction is Direction.UNMOVED:
            return 1 - change.moved
        return change.up


@dataclass(frozen=True)
class Excluder:
    """A signal whose rise speaks against a hypothesis, and why."""

    signal: str
    because: str


@dataclass(frozen=True)
class Hypothesis:
    """One possible cause.

    `needs`: without all of them it is not this cause. `predicts`: they make it more or less likely.
    `excluded_by`: another explanation, of which this may be a consequence. `explains`: which part of which
    symptom it accounts for, by the names of `diagnosis.packs.recommender.impact`. `says` may quote changes as
    `{signal.before}` and `{signal.after}`. `reasons`: those that its traces
    have. `newcomer`: whether they are of the new version, and of the segment it hurts most.
    """

    cause: str
    domain: Domain
    component: str
    says: str
    remedy: str
    runbook: str
    needs: tuple[Expect, ...]
    predicts: tuple[Expect, ...] = ()
    excluded_by: tuple[Excluder, ...] = ()
    explains: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    newcomer: tuple[Literal["version", "segment"], ...] = ()


def up(signal: str, weight: float = 1.0) -> Expect:
    return Expect(signal, Direction.UP, weight)


def unmoved(signal: str, weight: float = 1.0) -> Expect:
    """It stays as it was."""
    return Expect(signal, Direction.UNMOVED, weight)
