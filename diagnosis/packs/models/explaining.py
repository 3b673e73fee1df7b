"""Which causes explain what moved of a model, and how well: each excludes what is only its consequence."""

from collections.abc import Sequence
from dataclasses import replace

from diagnosis.packs.models.case import Case
from diagnosis.packs.models.explaining_flow import explain_labels, explain_traffic
from diagnosis.packs.models.explaining_inputs import explain_move, explain_together
from diagnosis.packs.models.explaining_quality import explain_relation, explain_versions
from diagnosis.packs.models.explanation import CONSEQUENCE, Explanation


def explain_model(case: Case) -> list[Explanation]:
    """All that may explain what moved, the surest first."""
    found = [*explain_labels(case), *explain_traffic(case)]
    versions = [*explain_versions(case)]
    inputs = [*(explain_move(case, move) for move in case.moves), *explain_together(case)]
    found += versions + [_after_release(case, each, versions) for each in inputs]
    doubt = 1 - max((each.confidence for each in found), default=0.0)
    found += [replace(each, confidence=each.confidence * doubt) for each in explain_relation(case)]
    return sorted((each for each in found if each.confidence > 0), key=lambda each: -each.confidence)


def _after_release(case: Case, found: Explanation, versions: Sequence[Explanation]) -> Explanation:
    """What moved with a version of the service is its doing; with one of the model, that one's."""
    onset = found.onset or 0.0
    release = case.new_release(onset)
    surest = max((each.confidence for each in versions), default=0.0)
    if surest > found.confidence / 2 and case.new_version(onset):
        return replace(found, confidence=found.confidence * CONSEQUENCE)
    if not release:
        return found
    says = found.cause.says + f" Version {release} of {case.counts.service} came with it."
    cause = found.cause._replace(
        domain="release",
        says=says,
        remedy=f"Roll {case.counts.service} back to the version before {release}. " + found.cause.remedy,
    )
    return replace(found, cause=cause, version=release)
