"""The verdict on a watched model in words, and in fields that a program can read."""

import itertools
from collections.abc import Iterator, Sequence

from diagnosis.packs.models import shown
from diagnosis.packs.models.case import SURE, Case
from diagnosis.packs.models.counts import Counts
from diagnosis.packs.models.explanation import Explanation
from diagnosis.packs.models.inputs import Move
from diagnosis.packs.models.outcomes import Loss, decompose
from diagnosis.packs.models.standing import Standing, find_standing
from diagnosis.signals.changes import ramp
from diagnosis.topology.finding import Seen
from diagnosis.topology.wording.report import LEAST, report, words_of
from diagnosis.topology.wording.statements import capitalise, place_of
from diagnosis.verdict.verdict import ALTERNATIVES, Alternative, Contribution, Statement, Verdict
from prometheus.models.measures import ENOUGH
from prometheus.models.samples import ALL

FULL_IMPACT = 0.1
"""Fall of a share from which it counts fully as impact."""

HARMLESS, UNKNOWN = 0.8, 0.2
CALM, UNSURE = 0.9, 0.6
"""How sure no trouble is, with labels and without."""

Others = Sequence[Alternative]


def report_model(seen: Seen, ranked: Sequence[Explanation], others: Others) -> Verdict:
    """By the first of them; `others` are causes of other trouble."""
    best = ranked[0]
    case = best.case
    verdict = _report_source(seen, best) if best.source else _report_own(best)
    alternatives = [*(_alternative(other, best.told) for other in ranked[1:]), *others]
    return verdict.model_copy(
        update={
            "onset": best.onset,
            "confidence": round(best.told, 3),
            "evidence": [*_state(best), *verdict.evidence],
            "alternatives": [each for each in alternatives if each.confidence >= LEAST][:ALTERNATIVES],
            "model": case.counts.name,
            "feature": best.feature,
            "segment": best.segment,
            "version": best.version,
            **_measured(case),
        }
    )


def _report_own(best: Explanation) -> Verdict:
    entity = place_of(best.case.counts.entity)
    return Verdict(
        domain=best.cause.domain,
        cause=best.cause.name,
        component=str(best.case.counts.entity),
        entity=entity,
        path=[entity],
        confidence=best.confidence,
        summary=" ".join(_say(best)),
        remedy=best.write(best.cause.remedy),
    )


def _report_source(seen: Seen, best: Explanation) -> Verdict:
    """The verdict on what the feature is read from, told from the model."""
    assert best.source is not None
    verdict = report(seen, [best.source])
    found = best.source.cause.says.format(**words_of(best.source))
    return verdict.model_copy(
        update={
            "path": [place_of(best.case.counts.entity), *verdict.path],
            "summary": " ".join([*_say(best), found]),
        }
    )


def _say(best: Explanation) -> Iterator[str]:
    """What is worse, why, and how much of it that explains."""
    case, loss = best.case, best.case.loss
    worse = loss if loss and case.lost > SURE else None
    if worse:
        yield shown.say_loss(case, worse)
    elif best.feature and best.onset is not None:
        known = case.knows_quality_since(best.onset)
        rest = "is as ever" if known else "since then is not known yet: its labels have not come"
        yield f"The quality of {case.counts.name} {rest}."
    yield best.write(best.cause.says)
    if worse and best.feature:
        yield _say_explained(case, worse, best)


def _say_explained(case: Case, loss: Loss, best: Explanation) -> str:
    """How much of the loss it explains, where that is exact: quality is counted by segment, not by value."""
    if not loss.segment and best.segment in case.by_segment:
        within = loss.measure.write_change(case.by_segment[best.segment].within).removesuffix(" points")
        return f"{within} of the {loss.measure.write_change(loss.change)} are lost in segment {best.segment}."
    if not loss.segment and len(case.by_segment) > 1:
        others = [m for m in case.moves if m.feature != best.feature and m.strength > SURE]
        alone = "" if others else f"; nothing but `{best.feature}` moved"
        return f"{shown.say_within(case, loss)}{alone}."
    return "How much of that it explains is not known: quality is not counted by the values of a feature."


def _state(best: Explanation) -> Iterator[Statement]:
    case = best.case
    if case.loss and case.lost > SURE:
        yield shown.state_loss(case, case.loss)
        yield from shown.state_split(case)
    yield from best.proofs


def _measured(case: Case) -> dict[str, object]:
    """The measure that got worse, and by whom: exactly."""
    loss = case.loss
    if loss is None or case.lost <= SURE:
        return {}
    found: dict[str, object] = {
        "measure": loss.measure.title,
        "measure_before": round(loss.before, 6),
        "measure_after": round(loss.after, 6),
    }
    return {**found, "decomposition": [*_contributions(case, loss)]} if loss.measure.is_share else found


def _contributions(case: Case, loss: Loss) -> Iterator[Contribution]:
    """Of a share: points of it, by segment and by version; a loss is negative."""
    sign = -1 if loss.measure.higher_is_better else 1
    by_label = {"segment": case.by_segment, "version": decompose(case.counts, loss, "model_version")}
    for dimension, effects in by_label.items():
        for name, effect in effects.items() if len(effects) > 1 and not loss.segment else ():
            for part, value in zip(("mix", "within"), effect, strict=True):
                yield Contribution.model_validate(
                    {
                        "dimension": dimension,
                        "label": name,
                        "part": part,
                        "points": round(100 * sign * value, 3),
                    }
                )


def measure_impact(case: Case) -> float:
    """How much users notice (0–1)."""
    if case.loss is None:
        return 0.0
    if case.loss.measure.is_share:
        return case.lost * ramp(case.loss.change, 0.0, FULL_IMPACT)
    return case.lost * max(0.0, 1 - case.loss.before / case.loss.after)


def _alternative(other: Explanation, most: float) -> Alternative:
    name = other.source.cause.name if other.source else other.cause.name
    about = other.feature or other.version or other.segment or other.case.counts.name
    return Alternative(
        cause=f"{name}: {about}",
        confidence=round(min(most, other.told), 3),
        why_not=other.write(other.cause.says),
    )


def report_harmless(case: Case, move: Move) -> Verdict:
    """An input moved that the model does not use, or that does it no harm."""
    what = shown.name_feature(move)
    return Verdict(
        domain="none",
        cause="none",
        confidence=HARMLESS,
        summary=f"The quality of {case.counts.name} is as ever. {capitalise(what)} moved and does no harm.",
        onset=move.onset,
        evidence=[shown.state_move(case, move)],
        model=case.counts.name,
        feature=move.feature,
        segment="" if move.segment == ALL else move.segment,
    )


def say_missing(cases: Sequence[Case]) -> str:
    """What is not known of these models."""
    few = [case.counts for case in cases if case.counts.labels.sum() < ENOUGH]
    blind = [case.counts.name for case in cases if not case.is_watched]
    found = [
        f"Only {counts.labels.sum():.0f} labels of {counts.name} came: {ENOUGH} tell its quality."
        for counts in few
    ]
    found += [f"Nothing is known of the inputs of {', '.join(blind)}."] if blind else []
    return " ".join(found)


def _say_standing(counts: Counts, standing: Standing) -> str:
    return (
        f"All this time {standing.share:.0%} of the values of `{standing.feature}` are elsewhere than in the "
        f"reference of {counts.name}: that began earlier."
    )


def report_unmoved(cases: Sequence[Case], is_alerted: bool) -> Verdict:
    """Neither requests nor models moved: no trouble, unless there is an alert."""
    names, missing = ", ".join(case.counts.name for case in cases), say_missing(cases)
    calm = f"neither the requests nor the inputs, labels and quality of {names} moved in this time. {missing}"
    if not is_alerted:
        return Verdict(
            domain="none",
            cause="none",
            confidence=UNSURE if missing else CALM,
            summary=capitalise(calm).strip(),
        )
    compared = "Look at what the alert compares with: it may have been so for long."
    found = [(case.counts, each) for case in cases if (each := find_standing(case.counts))]
    calm = f"{calm} {' '.join(itertools.starmap(_say_standing, found))}".strip()
    return Verdict(
        domain="unknown",
        cause="unknown",
        confidence=UNKNOWN,
        summary=f"An alert fires, but {calm}".strip(),
        remedy="Send labels: monitor.label(id, truth)." if missing else compared,
        model=cases[0].counts.name if len(cases) == 1 else "",
        feature=found[0][1].feature if len(found) == 1 else "",
    )
