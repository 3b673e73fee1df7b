"""Labels that do not come, observations that are lost, and other requests than before, as causes."""

from collections.abc import Iterator

from diagnosis.packs.models import causes, shown
from diagnosis.packs.models.case import SURE, Case
from diagnosis.packs.models.explaining_inputs import HARM
from diagnosis.packs.models.explanation import Explanation
from diagnosis.packs.models.flow import find_delay
from diagnosis.signals.changes import ramp
from diagnosis.verdict.verdict import HIGHEST

GENERAL = 0.95
"""How sure labels are late or lost at most: something may say why."""

OF_MIX = (0.4, 0.7)
"""Part of the loss that the mix of segments makes, from which it is perhaps, and certainly, the cause."""


def explain_labels(case: Case) -> Iterator[Explanation]:
    """What is known of the quality is late, or of a part only."""
    delay, lost = find_delay(case.counts), case.labels_lost
    late = delay.strength if delay else 0.0
    fewer = lost.strength if lost else 0.0
    proofs = []
    if lost and fewer:
        proofs.append(shown.state_labels(case, lost))
    if delay and late:
        proofs.append(shown.state_delay(case, delay.before, delay.after))
    onset = lost.split.onset if lost else None
    sure = GENERAL * max(late, fewer)
    yield Explanation(case, causes.LATE if late else causes.LOST, sure, onset, {}, tuple(proofs))
    for turn in case.uncounted:
        if cause := causes.UNCOUNTED.get(turn.of):
            proof = shown.state_uncounted(case, turn, causes.SAYS_UNCOUNTED[turn.of])
            yield Explanation(case, cause, HIGHEST * turn.strength, turn.split.onset, {}, (proof,))


def explain_traffic(case: Case) -> Iterator[Explanation]:
    """Other requests come, or hardly any."""
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
