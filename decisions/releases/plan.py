"""What was declared in whence.yaml, as a release keeps it from its beginning to its end."""

from config.releases import Release
from decisions.releases.comparison import QUALITY
from decisions.releases.state import Limits, Step

QUALITY_PART, OTHERS = 1 / 2, 3
"""Of the level of a window, for hits; the guards that share the rest: answered, in time, personalised."""


def part(guard: str) -> float:
    """Of the level of a window, for one guard."""
    return QUALITY_PART if guard == QUALITY else (1 - QUALITY_PART) / OTHERS


def plan(declared: Release, shadow: float) -> tuple[Step, ...]:
    """The steps; in the shadow it answers the share `shadow` (0–1) of the requests."""
    unseen = [Step(share=0.0, seconds=declared.shadow, shadow=shadow)] if declared.shadow else []
    if declared.strategy == "blue-green":
        return (*unseen, Step(share=1.0, seconds=declared.watch))
    seen = (
        Step(share=each.share, seconds=each.at_least, rules_out=each.rules_out) for each in declared.steps
    )
    return (*unseen, *seen)


def limit(declared: Release) -> Limits:
    """The limits."""
    return Limits(
        confidence=declared.confidence,
        undecided=declared.undecided,
        answer_within=declared.answer_within,
        longest=declared.longest,
    )
