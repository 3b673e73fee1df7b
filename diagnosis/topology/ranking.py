"""Explanations of what was noticed, and which of them is the likeliest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diagnosis.topology.blame import Blame, find_blame
from diagnosis.topology.causes import CAUSES, Cause
from diagnosis.topology.entity import Entity
from diagnosis.topology.finding import LEAST_OF_BOTH, SLOW_FOR_A_QUEUE, Finding, Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.symptom import Noticed


class Explained(NamedTuple):
    finding: Finding
    cause: Cause
    fit: float
    least: float = 0.0
    """Confidence that it has on other grounds."""

    @property
    def confidence(self) -> float:
        return max(self.least, self.finding.noticed.strength * self.finding.blame.score * self.fit)

    @property
    def told(self) -> float:
        """The confidence to tell: less where another cause looks the same, which does not rank it lower."""
        return min(self.cause.surest, self.confidence)


Explain = Callable[[Finding], Explained]


def explain_all(seen: Seen, noticed: Noticed, explain: Explain) -> list[Explained]:
    blames = find_blame(seen.system, noticed.entity, noticed.aspect, noticed.sides)
    return _join_same(_join_waits([explain(Finding(seen, noticed, blame)) for blame in blames]))


def _join_same(explained: list[Explained]) -> list[Explained]:
    """What the same cause at the same entity explains in several places is one explanation, by the surest."""
    found: dict[tuple[str, Entity], Explained] = {}
    for each in sorted(explained, key=lambda each: -each.confidence):
        place = each.cause.name, each.cause.entity(each.finding)
        first = found.get(place, each)
        sure = each.confidence if first is each else first.confidence + each.confidence
        found[place] = first._replace(least=min(1.0, sure))
    return list(found.values())


def _join_waits(explained: list[Explained]) -> list[Explained]:
    """Time that a service loses for no reason of its own is waited for a turn at its slow dependency."""
    found = {each.finding.blame.at: each for each in explained}
    for slow in explained:
        blame = slow.finding.blame
        caller = blame.path[-2] if len(blame.path) > 1 else blame.at
        waits = found.get(caller)
        if blame.aspect is not Aspect.TIME or waits is None or not waits.cause.is_last_resort:
            continue
        other = waits.finding.blame
        is_enough = blame.score >= LEAST_OF_BOTH * (blame.score + other.score)
        if caller != blame.at in found and is_enough and _is_queued_for(blame):
            joined = replace(blame, share=blame.share + other.share)
            found[blame.at] = slow._replace(finding=replace(slow.finding, blame=joined))
            del found[caller]
    return list(found.values())


def _is_queued_for(blame: Blame) -> bool:
    return blame.loss.now >= SLOW_FOR_A_QUEUE * blame.loss.usual


def rank(explained: list[Explained]) -> list[Explained]:
    """The surest first; of the same cause, the one with the longest way to it."""
    ranked = sorted(explained, key=lambda found: -found.confidence)
    if not ranked:
        return []
    best = ranked[0]
    path = best.finding.blame.path
    same = [
        each for each in ranked if each.cause is best.cause and each.finding.blame.path[-len(path) :] == path
    ]
    longest = max(same, key=lambda found: len(path_of(found)))
    chosen = Explained(longest.finding, longest.cause, longest.fit, best.confidence)
    return [chosen, *(each for each in ranked if each not in same)]


def path_of(found: Explained) -> tuple[Entity, ...]:
    return found.finding.blame.path


def choose_cause(of_kinds: Mapping[str, Sequence[Cause]], finding: Finding) -> Explained:
    """The cause that fits best; `of_kinds` are those of kinds of suspects of which more is known."""
    fits = [(cause, cause.fits(finding)) for cause in of_kinds.get(finding.suspect.kind, CAUSES)]
    cause, fit = max(fits, key=lambda found: found[1])
    return Explained(finding, cause, fit)
