"""How well each hypothesis fits, and how sure that makes us."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from diagnosis.packs.recommender.hypotheses.catalogue import HYPOTHESES
from diagnosis.packs.recommender.hypotheses.hypothesis import Direction, Excluder, Expect, Hypothesis
from diagnosis.packs.recommender.impact import Impact
from diagnosis.packs.recommender.wording import name_signal
from diagnosis.signals.changes import SignalChange

SHARPNESS = 3.0
"""Scores to this power are weighed against each other: a score half as good counts an eighth."""

DOUBT = 0.3
"""The score that "none of these" has: what fits no better is not a verdict."""

EXCLUDING = 0.92
"""How much a certain excluder takes from a score."""

UNSUPPORTED, UNEXPLAINED = 0.45, 0.3
"""What is left of a score when no prediction came true, and when no user impact is explained."""


class Scored(NamedTuple):
    """A hypothesis, its score (0–1), its confidence among all (0–1), and what speaks against it most."""

    hypothesis: Hypothesis
    score: float
    confidence: float
    against: str


def rank(changes: Mapping[str, SignalChange], impact: Impact) -> list[Scored]:
    """All hypotheses, the best first. Confidences and that of "none of these" sum to 1."""
    scores = {h.cause: _score(h, changes, impact) for h in HYPOTHESES}
    whole = DOUBT**SHARPNESS + sum(score**SHARPNESS for score in scores.values())
    ranked = [
        Scored(h, scores[h.cause], scores[h.cause] ** SHARPNESS / whole, _object(h, changes, impact))
        for h in HYPOTHESES
    ]
    return sorted(ranked, key=lambda scored: -scored.score)


def _score(hypothesis: Hypothesis, changes: Mapping[str, SignalChange], impact: Impact) -> float:
    needed = prod(expect.match(changes) or 0.0 for expect in hypothesis.needs) ** (1 / len(hypothesis.needs))
    free = prod(1 - EXCLUDING * _rise(excluder, changes) for excluder in hypothesis.excluded_by)
    support = UNSUPPORTED + (1 - UNSUPPORTED) * _support(hypothesis.predicts, changes)
    explained = UNEXPLAINED + (1 - UNEXPLAINED) * impact.share_explained(hypothesis.explains)
    return needed * free * support * explained


def _support(predicts: Sequence[Expect], changes: Mapping[str, SignalChange]) -> float:
    """Weighted share of the predictions that came true; one of an unknown signal counts half."""
    weight = sum(expect.weight for expect in predicts)
    matches = ((expect.match(changes), expect.weight) for expect in predicts)
    return (
        sum((0.5 if match is None else match) * part for match, part in matches) / weight if weight else 0.5
    )


def _rise(excluder: Excluder, changes: Mapping[str, SignalChange]) -> float:
    change = changes.get(excluder.signal)
    return change.up if change else 0.0


def _object(hypothesis: Hypothesis, changes: Mapping[str, SignalChange], impact: Impact) -> str:
    """What speaks against a hypothesis most, in words."""
    strongest = max(hypothesis.excluded_by, key=lambda e: _rise(e, changes), default=None)
    if strongest and _rise(strongest, changes) > 0.3:
        return f"{strongest.because[0].upper()}{strongest.because[1:]}."
    failed = [(expect.match(changes), expect) for expect in (*hypothesis.needs, *hypothesis.predicts)]
    known = [(match, expect) for match, expect in failed if match is not None]
    missed = min(known, key=lambda pair: pair[0], default=None)
    if missed and missed[0] < 0.5:
        return describe_miss(missed[1])
    if impact.share_explained(hypothesis.explains) < 0.5:
        return "It would not explain the user impact."
    return "It fits the evidence less well."


def describe_miss(expect: Expect) -> str:
    """A prediction that did not come true, in words."""
    name = name_signal(expect.signal)
    return f"{name} did not rise." if expect.direction is Direction.UP else f"{name} changed."
