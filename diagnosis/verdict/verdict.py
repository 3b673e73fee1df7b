"""What a diagnosis says, in the form that the incidents API gives out."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Domain = Literal["infrastructure", "model", "data", "release", "traffic", "telemetry", "none", "unknown"]
Dimension = Literal["source", "version", "segment"]
Part = Literal["mix", "within"]
PARTS: tuple[Part, ...] = ("mix", "within")
Factor = Literal["segment", "source", "version", "rate"]

Point = tuple[float, float]
"""Unix seconds and a finite value."""

HIGHEST = 0.97
"""Confidence that no verdict is above."""

MOST_POINTS = 60
"""Points of the small chart of a statement."""

ALTERNATIVES = 5
"""Other causes that a verdict names at most."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True)


class Place(_Said):
    """An entity: a service, one of its instances, something that it depends on, or what a pack knows."""

    kind: str
    name: str


class Statement(_Said):
    """One piece of evidence: `query` gave `before` and `after` the onset, in `unit`; `link` asks it again.

    `entity` is whose requests it is about; with `caller`, only that one's calls to it, as it saw them.
    """

    statement: str
    query: str
    before: float | None = None
    after: float | None = None
    unit: str = ""
    link: str = ""
    points: list[Point] = Field(default=[], max_length=MOST_POINTS)
    entity: Place | None = None
    caller: Place | None = None


class CitedTrace(_Said):
    """A request from the affected window that shows the fault, in the span `span_id` if that is known."""

    trace_id: str
    link: str = ""
    span_id: str = ""


class Alternative(_Said):
    """Another cause that was considered, and what speaks against it."""

    cause: str
    confidence: float = Field(ge=0, le=1)
    why_not: str = ""


class Contribution(_Said):
    """Points (1 point = 0.01) of the verdict's `measure` that one part of one group adds to the change."""

    dimension: Dimension
    label: str
    part: Part
    points: float


class Verdict(_Said):
    """The root cause of an incident. `onset` is in Unix seconds, None when nothing moved.

    `entity` is where it arose, `path` the entities from the symptom to there; a verdict that blames nothing
    has neither. `impact` is the sum of what users notice, each symptom at most 1.
    `measure` is what got worse in quality. The contributions of each dimension sum to
    100 · (measure_after − measure_before), and so do the points of `factors`: other users, sources or
    versions, and `rate`, the same ones for whom it is worse. `model`, `feature`, `segment` and `version` are
    what is at fault, where that is one.
    """

    domain: Domain
    cause: str
    component: str = ""
    entity: Place | None = None
    path: list[Place] = []
    confidence: float = Field(ge=0, le=1)
    impact: float = Field(default=0.0, ge=0)
    summary: str
    onset: float | None = None
    evidence: list[Statement] = []
    traces: list[CitedTrace] = []
    alternatives: list[Alternative] = []
    remedy: str = ""
    runbook: str = ""
    decomposition: list[Contribution] = []
    factors: dict[Factor, float] = {}
    model: str = ""
    feature: str = ""
    segment: str = ""
    version: str = ""
    measure: str = ""
    measure_before: float | None = None
    measure_after: float | None = None


def rank_domain(verdict: Verdict) -> int:
    """2 for a verdict with a cause, 1 for `unknown`, 0 for `none`."""
    return {"none": 0, "unknown": 1}.get(verdict.domain, 2)


def find_best(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Of verdicts on one window the first with a cause; `none` last, for it is right only if all say so.

    What else was found is another trouble at the same time: an alternative.
    """
    best = max(verdicts, key=rank_domain, default=None)
    others = [_also(other) for other in verdicts if other is not best and rank_domain(other) == 2]
    if best is None or not others:
        return best
    return best.model_copy(update={"alternatives": [*others, *best.alternatives][:ALTERNATIVES]})


def _also(other: Verdict) -> Alternative:
    return Alternative(
        cause=f"{other.cause}: {other.component}",
        confidence=other.confidence,
        why_not=f"Another trouble at the same time: {other.summary}",
    )
