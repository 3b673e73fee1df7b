"""Which causes explain what moved of a model, and how well: each excludes what is only its consequence."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from diagnosis.signals.changes import ramp
from diagnosis.topology.entity import Entity
from diagnosis.topology.models import causes, shown
from diagnosis.topology.models.case import FAR, NEAR, SURE, Case
from diagnosis.topology.models.causes import Cause
from diagnosis.topology.models.flow import find_delay
from diagnosis.topology.models.inputs import FAULTY, PREDICTION, TRUTH, Move, Way
from diagnosis.topology.models.leaks import Leak, find_leak
from diagnosis.topology.models.outcomes import OF_PROBABILITIES, most_lost
from diagnosis.topology.ranking import Explained
from diagnosis.verdict.verdict import Statement
from prometheus import models
from prometheus.model_samples import ALL

HIGHEST = 0.97

UNUSED = 0.1
"""Strength of a move of the predictions below which no input that moved is used."""

HARM: Mapping[str, float] = {"felt": 0.9, "unfelt": 0.5, "unknown": 0.6, "faulty": 0.8}
"""How well an input that moved fits where quality tells nothing: predictions moved with it and labels are not
in; or are, and are well; nothing else moved and labels are not in; values cannot be used, whatever follows."""

GENERAL: Mapping[Way, float] = {Way.DRIFT: 0.92, Way.OUT_OF_RANGE: 0.95}
"""How well what could be anything fits: a move that says more is preferred."""

UNWATCHED = 0.5
"""How sure one can be of a changed relation if nothing is known of the inputs."""

RELATION_FITS, SEGMENT_FITS, CALIBRATION_FITS = 0.9, 0.9, 0.8
REPLACED = 0.85
"""How well a version fits that has no other beside it to be compared with."""

LEFT = 0.2
"""Part of the predictions up to which a former version is gone."""

OTHERS_LOSE = (0.25, 0.6)
"""What other segments lose by what the worst one loses, up to which only that is worse, and from which all are."""

OF_MIX = (0.4, 0.7)
"""Part of the loss that the mix of segments makes, from which it is perhaps, and certainly, the cause."""

BY_MIX = 1.3
"""Times the predictions that moved to other segments that may have moved within a feature because of it."""

CONSEQUENCE = 0.3
"""How well an input fits that moved because of something else."""


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

    def write(self, template: str) -> str:
        counts = self.case.counts
        named = {"model": counts.name, "service": counts.service, "feature": self.feature}
        return template.format(**{**named, "segment": self.segment, "version": self.version, **self.words})


def explain_model(case: Case) -> list[Explanation]:
    """All that may explain what moved, the surest first."""
    found = [*_explain_labels(case), *_explain_traffic(case)]
    versions = [*_explain_versions(case)]
    inputs = [_explain_move(case, move) for move in case.moves]
    found += versions + [_after_release(case, each, versions) for each in inputs]
    doubt = 1 - max((each.confidence for each in found), default=0.0)
    found += [replace(each, confidence=each.confidence * doubt) for each in _explain_relation(case)]
    return sorted((each for each in found if each.confidence > 0), key=lambda each: -each.confidence)


def _explain_move(case: Case, move: Move) -> Explanation:
    fits = _harm(case, move) * GENERAL.get(move.way, 1.0)
    if case.mix and move.way is Way.DRIFT and move.segment == ALL:
        moved = case.mix.strength * _together(move.onset, case.mix.split.onset)
        if move.share <= BY_MIX * abs(case.mix.after - case.mix.before):
            fits *= 1 - (1 - CONSEQUENCE) * moved
    cause = causes.OF_WAYS[move.way]
    segment = _segment_of(case, move)
    words = {
        "what": _capitalise(shown.name_feature(move)),
        "times": move.times,
        "before": move.before,
        "after": move.after,
    }
    if "{what}" in cause.says[1:] and not cause.says.startswith("{what}"):
        words["what"] = shown.name_feature(move)
    proofs = [shown.state_move(case, move)]
    if other := case.moved(PREDICTION):
        proofs.append(shown.state_move(case, other))
    return Explanation(
        case, cause, HIGHEST * move.strength * fits, move.onset, words, tuple(proofs), move.feature, segment
    )


def _capitalise(words: str) -> str:
    return words[0].upper() + words[1:]


def _segment_of(case: Case, move: Move) -> str:
    """The one that is concerned: where it moved, or alone lost."""
    if move.segment != ALL:
        return move.segment
    segment, sure = _worst_segment(case)
    return segment if sure > 0.5 and case.agrees(move.onset) > 0.5 else ""


def _harm(case: Case, move: Move) -> float:
    """How well it fits what it does: 0 for a move that does no harm."""
    faulty = HARM["faulty"] if move.way in (*FAULTY, Way.UNIT, Way.CONSTANT) else 0.0
    predictions = case.moved(PREDICTION)
    felt = predictions.strength * _together(move.onset, predictions.onset) if predictions else 0.0
    if case.lost > SURE:
        return max(case.agrees(move.onset), faulty / 2)
    if case.knows_quality_since(move.onset):
        return max(faulty, HARM["unfelt"] if felt > UNUSED else 0.0)
    return max(faulty, HARM["felt"] if felt > UNUSED else HARM["unknown"])


def _together(one: float, other: float) -> float:
    return 1.0 - ramp(abs(one - other), NEAR, FAR)


def _after_release(case: Case, found: Explanation, versions: list[Explanation]) -> Explanation:
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


def _explain_versions(case: Case) -> Iterator[Explanation]:
    """A version that is worse than the others beside it; or than the one that it took the place of."""
    leak = find_leak(case.counts)
    gap = case.gap if case.gap and case.gap.strength > 0 else None
    if gap:
        came = case.versions.get(gap.version, 0.0)
        is_new = bool(case.new_version(came))
        fits = max(case.agrees(came), UNWATCHED) if is_new and case.lost > SURE else 1.0
        cause = causes.NEW_VERSION if is_new else causes.VERSION
        proofs = (shown.state_gap(case, gap), *((shown.state_version(case, gap.version),) if is_new else ()))
        found = Explanation(case, cause, HIGHEST * gap.strength * fits, came if is_new else None, {}, proofs)
        yield _leaked(replace(found, version=gap.version, segment=_lost_alone(case)), leak)
    for version, came in case.versions.items():
        if case.loss is None or (gap and gap.version == version) or case.new_version(came) != version:
            continue
        if _is_beside(case, version, came):
            continue
        sure = REPLACED * case.lost * case.agrees(came)
        proofs = (shown.state_version(case, version),)
        found = Explanation(case, causes.NEW_VERSION, sure, came, {}, proofs, version=version)
        yield _leaked(replace(found, segment=_lost_alone(case)), leak)


def _leaked(found: Explanation, leak: Leak | None) -> Explanation:
    if leak is None or leak.version != found.version:
        return found
    sure = min(HIGHEST, found.confidence / REPLACED)
    words = {"what": f"`{leak.feature}`"}
    return replace(found, cause=causes.LEAKED, feature=leak.feature, words=words, confidence=sure)


def _lost_alone(case: Case) -> str:
    segment, sure = _worst_segment(case)
    return segment if sure > 0.5 else ""


def _is_beside(case: Case, version: str, came: float) -> bool:
    """Whether others still answer, so that it can be compared with them."""
    since = case.counts.aligned.times > came + NEAR
    every, own = (
        case.counts.sum(models.PREDICTIONS, **w)[since].sum() for w in ({}, {"model_version": version})
    )
    return bool(every > 0 and own < (1 - LEFT) * every)


def _explain_relation(case: Case) -> Iterator[Explanation]:
    """What is left if nothing moved but the quality."""
    loss = case.loss
    if loss is None:
        return
    known = 1.0 if case.is_watched else UNWATCHED / RELATION_FITS
    segment, alone = _worst_segment(case)
    truth = case.moved(TRUTH)
    proofs = (shown.state_move(case, truth),) if truth else ()
    if loss.measure.name == OF_PROBABILITIES:
        yield Explanation(case, causes.CALIBRATION, CALIBRATION_FITS * loss.strength, case.onset)
        return
    sure = RELATION_FITS * loss.strength * known
    yield Explanation(case, causes.RELATION, sure * (1 - alone), case.onset, {}, proofs)
    if segment:
        of_segment = case.losses[segment]
        sure = SEGMENT_FITS * of_segment.strength * known * alone
        proofs = (shown.state_loss(case, of_segment),) if loss.segment != segment else ()
        onset = of_segment.split.onset - case.counts.delay
        yield Explanation(case, causes.SEGMENT, sure, onset, {}, proofs, segment=segment)


def _worst_segment(case: Case) -> tuple[str, float]:
    """The segment that lost most, and how surely the others lost nothing of the kind (0–1)."""
    own = {name: loss for name, loss in case.losses.items() if name}
    worst = max(own, key=lambda name: own[name].strength * own[name].change, default="")
    if not worst:
        return "", 0.0
    others = [name for name in case.segments if name != worst]
    lost = max((most_lost(case.counts, own[worst], name) for name in others), default=math.inf)
    return worst, 1.0 - ramp(lost / own[worst].change, *OTHERS_LOSE)


def _explain_labels(case: Case) -> Iterator[Explanation]:
    delay, lost = find_delay(case.counts), case.labels_lost
    late = delay.strength if delay else 0.0
    fewer = lost.strength if lost else 0.0
    proofs = []
    if lost and fewer:
        proofs.append(shown.state_labels(case, lost))
    if delay and late:
        proofs.append(shown.state_delay(case, delay.before, delay.after))
    onset = lost.split.onset if lost else None
    sure = HIGHEST * max(late, fewer)
    yield Explanation(case, causes.LATE if late else causes.LOST, sure, onset, {}, tuple(proofs))
    for turn in case.uncounted:
        if cause := causes.UNCOUNTED.get(turn.of):
            proof = shown.state_uncounted(case, turn, causes.SAYS_UNCOUNTED[turn.of])
            yield Explanation(case, cause, HIGHEST * turn.strength, turn.split.onset, {}, (proof,))


def _explain_traffic(case: Case) -> Iterator[Explanation]:
    mix, gone = case.mix, case.gone
    if mix:
        proofs = (shown.state_mix(case, mix),)
        words = {"before": mix.before, "after": mix.after}
        sure = HIGHEST * mix.strength * _by_mix(case, mix.split.onset)
        yield Explanation(case, causes.MIX, sure, mix.split.onset, words, proofs, segment=mix.of)
    if gone:
        words = {"before": gone.before, "after": gone.after}
        proofs = (shown.state_predictions(case, gone),)
        yield Explanation(case, causes.GONE, HIGHEST * gone.strength, gone.split.onset, words, proofs)


def _by_mix(case: Case, at: float) -> float:
    """How much of what was lost the mix of segments lost (0–1)."""
    if case.loss is None or case.lost <= SURE or not case.by_segment:
        return 0.0 if case.knows_quality_since(at) else HARM["unknown"]
    lost = sum(each.mix for each in case.by_segment.values())
    return ramp(lost / case.loss.change, *OF_MIX) * case.agrees(at)
