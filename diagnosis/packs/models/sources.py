"""Inputs that moved because what they are read from is slow or fails: it is found as for any service."""

from collections.abc import Iterator

from diagnosis.packs.models import shown
from diagnosis.packs.models.case import SURE, Case
from diagnosis.packs.models.causes import OF_WAYS
from diagnosis.packs.models.explanation import Explanation
from diagnosis.packs.models.inputs import Move, Way
from diagnosis.topology.blame import find_blame
from diagnosis.topology.finding import Finding, Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.ranking import Explain, Explained
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.traffic import Sides
from diagnosis.verdict.verdict import HIGHEST

FED = {Way.MISSING: 1.0, Way.CONSTANT: 0.9, Way.WRONG_TYPE: 0.6, Way.OUT_OF_RANGE: 0.6, Way.DRIFT: 0.6}
"""How well a source that fails explains each way to move: values are missing, or a default is put there."""

BASELINE, GUARD, AFFECTED = 240.0, 10.0, 180.0
"""Seconds before the onset that are compared, those that are left out, and those after it."""

LEAST = 0.3
"""Confidence from which a source is at fault; inputs that moved are then its consequence."""


def find_source(seen: Seen, explain: Explain, case: Case, move: Move) -> Iterator[Explained]:
    """Dependencies of the model's service that are slow or fail since a feature moved."""
    since = seen.aligned.times - move.onset
    sides = Sides(
        (since > -BASELINE) & (since <= -GUARD),
        (since > move.split.every) & (since <= move.split.every + AFFECTED),
    )
    service = case.counts.of_service
    if not sides.before.any() or not sides.after.any():
        return
    for aspect in Aspect:
        for blame in find_blame(seen.system, service, aspect, sides):
            if blame.path[-1] != service:
                yield explain(
                    Finding(seen, Noticed(service, aspect, move.onset, move.strength, sides), blame)
                )


def explain_sources(seen: Seen, explain: Explain, case: Case) -> Iterator[Explanation]:
    """By the surest of those features that a failing source can move."""
    move = next((move for move in case.moves if move.way in FED and move.strength > SURE), None)
    for found in find_source(seen, explain, case, move) if move else ():
        assert move is not None
        sure = HIGHEST * FED[move.way] * found.confidence
        path = (case.counts.entity, *found.finding.blame.path)
        proofs = (shown.state_move(case, move),)
        if sure >= LEAST:
            what: dict[str, str | float] = {
                "what": shown.name_feature(move),
                "before": move.before,
                "after": move.after,
            }
            cause = OF_WAYS[move.way]
            yield Explanation(
                case, cause, sure, move.onset, what, proofs, feature=move.feature, path=path, source=found
            )
