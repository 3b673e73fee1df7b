"""A model that is worse than another version, or that fits what it predicts no longer."""

from collections.abc import Iterator
from dataclasses import replace

from diagnosis.packs.models import causes, shown
from diagnosis.packs.models.calibration import find_miscalibration
from diagnosis.packs.models.case import NEAR, SURE, Case
from diagnosis.packs.models.explanation import Explanation
from diagnosis.packs.models.leaks import Leak, find_leak
from diagnosis.packs.models.outcomes import OF_PROBABILITIES
from diagnosis.packs.models.segments import find_worst
from diagnosis.verdict.verdict import HIGHEST
from prometheus.series import models
from prometheus.series.models import TRUTH

UNWATCHED = 0.5
"""How sure one can be of a changed relation if nothing is known of the inputs of that time."""

RELATION_FITS, SEGMENT_FITS, CALIBRATION_FITS = 0.9, 0.9, 0.9
REPLACED = 0.85
"""How well a version fits that has no other beside it to be compared with."""

LEFT = 0.2
"""Part of the predictions up to which a former version is gone."""


def explain_versions(case: Case) -> Iterator[Explanation]:
    """A version that is worse than the others beside it; or than the one that it took the place of."""
    leak = find_leak(case.counts)
    gap = case.gap if case.gap and case.gap.strength > 0 and not _is_outdone(case, case.gap.version) else None
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


def _is_outdone(case: Case, version: str) -> bool:
    """Whether it is worse only because a better one came."""
    began = case.versions.get(version, 0.0)
    came = [v for v, at in case.versions.items() if at > began and case.new_version(at) == v]
    return bool(came) and case.lost <= SURE


def _leaked(found: Explanation, leak: Leak | None) -> Explanation:
    if leak is None or leak.version != found.version:
        return found
    sure = min(HIGHEST, found.confidence / REPLACED)
    words = {"what": f"`{leak.feature}`"}
    return replace(found, cause=causes.LEAKED, feature=leak.feature, words=words, confidence=sure)


def _lost_alone(case: Case) -> str:
    segment, sure = find_worst(case)
    return segment if sure > 0.5 else ""


def _is_beside(case: Case, version: str, came: float) -> bool:
    """Whether others still answer, so that it can be compared with them."""
    since = case.counts.aligned.times > came + NEAR
    every, own = (
        case.counts.sum(models.PREDICTIONS, **w)[since].sum() for w in ({}, {"model_version": version})
    )
    return bool(every > 0 and own < (1 - LEFT) * every)


def explain_relation(case: Case) -> Iterator[Explanation]:
    """What is left if nothing moved but the quality."""
    loss = case.loss
    if loss is None:
        return
    known = 1.0 if case.knows_inputs_then else UNWATCHED / RELATION_FITS
    segment, alone = find_worst(case)
    truth = case.moved(TRUTH)
    proofs = (shown.state_move(case, truth),) if truth else ()
    if loss.measure.name == OF_PROBABILITIES and (found := find_miscalibration(case.counts, loss.split)):
        sure = CALIBRATION_FITS * loss.strength * found.strength
        proof = shown.state_calibration(case, loss, found)
        yield Explanation(case, causes.CALIBRATION, sure, case.onset, {}, (proof,))
        known *= 1 - found.strength
    sure = RELATION_FITS * loss.strength * known
    yield Explanation(case, causes.RELATION, sure * (1 - alone), case.onset, {}, proofs)
    if segment:
        of_segment = case.losses[segment]
        sure = SEGMENT_FITS * of_segment.strength * known * alone
        proofs = (shown.state_loss(case, of_segment),) if loss.segment != segment else ()
        onset = of_segment.split.onset - case.counts.delay
        yield Explanation(case, causes.SEGMENT, sure, onset, {}, proofs, segment=segment)
