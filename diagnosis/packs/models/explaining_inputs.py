"""Inputs that moved, as a cause of what a model does since."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from diagnosis.packs.models import causes, shown
from diagnosis.packs.models.case import SURE, Case
from diagnosis.packs.models.explanation import CONSEQUENCE, Explanation, together
from diagnosis.packs.models.inputs import FAULTY, Move, Way
from diagnosis.packs.models.segments import find_worst
from diagnosis.topology.wording.statements import capitalise
from diagnosis.verdict.verdict import HIGHEST
from prometheus.models.samples import ALL
from prometheus.series.models import INPUTS, PREDICTION

UNUSED = 0.1
"""Strength of a move of the predictions below which no input that moved is used."""

HARM: Mapping[str, float] = {"used": 0.9, "harmless": 0.5, "unknown": 0.6, "faulty": 0.8}
"""How well an input that moved fits where quality tells nothing: predictions moved with it and labels are
not in; or are, and are well; nothing else moved and labels are not in; its values cannot be used."""

GENERAL: Mapping[Way, float] = {Way.DRIFT: 0.92, Way.OUT_OF_RANGE: 0.95}
"""How well what could be anything fits: a move that says more is preferred."""

BY_MIX = 1.3
"""Times the predictions that moved to other segments that may have moved within a feature because of it."""


def explain_move(case: Case, move: Move) -> Explanation:
    """By what the model does since the feature moved."""
    fits = _harm(case, move) * GENERAL.get(move.way, 1.0)
    if case.mix and move.way is Way.DRIFT and move.segment == ALL:
        moved = case.mix.strength * together(move.onset, case.mix.split.onset)
        if move.share <= BY_MIX * abs(case.mix.after - case.mix.before):
            fits *= 1 - (1 - CONSEQUENCE) * moved
    cause = causes.OF_WAYS[move.way]
    segment = _segment_of(case, move)
    what = shown.name_feature(move)
    words: dict[str, str | float] = {
        "what": capitalise(what) if cause.says.startswith("{what}") else what,
        "times": move.times,
        "before": move.before,
        "after": move.after,
    }
    proofs = [shown.state_move(case, move)]
    if other := case.moved(PREDICTION):
        proofs.append(shown.state_move(case, other))
    return Explanation(
        case, cause, HIGHEST * move.strength * fits, move.onset, words, tuple(proofs), move.feature, segment
    )


def explain_together(case: Case) -> Iterator[Explanation]:
    """By all inputs together, where no single one moved."""
    move = case.moved(INPUTS)
    alone = 1 - max((each.strength for each in case.moves), default=0.0)
    if move and alone:
        found = explain_move(case, move._replace(way=Way.DRIFT))
        yield replace(found, cause=causes.TOGETHER, feature="", confidence=alone * found.confidence)


def _segment_of(case: Case, move: Move) -> str:
    """The one that is concerned: where it moved, or alone lost."""
    if move.segment != ALL:
        return move.segment
    segment, sure = find_worst(case)
    return segment if sure > 0.5 and case.agrees(move.onset) > 0.5 else ""


def _harm(case: Case, move: Move) -> float:
    """How well it fits what it does: 0 for a move that does no harm."""
    faulty = HARM["faulty"] if move.way in (*FAULTY, Way.UNIT, Way.CONSTANT) else 0.0
    predictions = case.moved(PREDICTION)
    used = predictions.strength * together(move.onset, predictions.onset) if predictions else 0.0
    if case.lost > SURE:
        return max(case.agrees(move.onset), faulty / 2)
    if case.knows_quality_since(move.onset):
        return max(faulty, HARM["harmless"] if used > UNUSED else 0.0)
    return max(faulty, HARM["used"] if used > UNUSED else HARM["unknown"])
