"""A cause of what moved of a model, with what it is about and what shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnosis.packs.models.case import FAR, NEAR, Case
from diagnosis.packs.models.causes import Cause
from diagnosis.signals.changes import ramp
from diagnosis.topology.entity import Entity
from diagnosis.topology.ranking import Explained
from diagnosis.verdict.verdict import Statement

CONSEQUENCE = 0.3
"""How well what moved because of something else fits as a cause."""


@dataclass(frozen=True)
class Explanation:
    """A cause with its `confidence` (0–1), what it is about, and what shows it."""

    case: Case
    cause: Cause
    confidence: float
    onset: float | None
    words: Mapping[str, str | float] = field(default_factory=dict)
    proofs: tuple[Statement, ...] = ()
    feature: str = ""
    segment: str = ""
    version: str = ""
    path: tuple[Entity, ...] = ()
    """From the model to what is at fault; empty if that is the model."""
    source: Explained | None = None
    """Why what the feature is read from is at fault; `cause` is then how that shows."""

    @property
    def told(self) -> float:
        """The confidence to tell."""
        return min(self.source.cause.surest, self.confidence) if self.source else self.confidence

    def write(self, template: str) -> str:
        counts = self.case.counts
        named = {"model": counts.name, "service": counts.service, "feature": self.feature}
        return template.format(**{**named, "segment": self.segment, "version": self.version, **self.words})


def together(one: float, other: float) -> float:
    """How surely two changes (Unix seconds) are one (0–1)."""
    return 1.0 - ramp(abs(one - other), NEAR, FAR)
