"""The verdict, put together from what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnosis.packs.recommender.entities import PATHS, RECOMMENDER, TOLD_BY
from diagnosis.packs.recommender.hypotheses.hypothesis import Direction, Expect, Hypothesis
from diagnosis.packs.recommender.hypotheses.quality import Quality
from diagnosis.packs.recommender.hypotheses.scoring import DOUBT, Scored
from diagnosis.packs.recommender.impact import Impact
from diagnosis.packs.recommender.limits import read_limits
from diagnosis.packs.recommender.onsets import SYMPTOMS
from diagnosis.packs.recommender.signals.catalogue import SIGNALS
from diagnosis.packs.recommender.signals.self_time import REASON, SEGMENT, VERSION, cite
from diagnosis.packs.recommender.wording import (
    curve_of,
    find_signal,
    grounds_of,
    query_of,
    say,
    state,
    unit_of,
)
from diagnosis.signals.changes import SignalChange, is_move, ramp
from diagnosis.signals.series import AlignedSeries, Periods, Values, points_of
from diagnosis.verdict.statements import make_statement
from diagnosis.verdict.verdict import ALTERNATIVES, MOST_POINTS, Alternative, CitedTrace, Statement, Verdict
from jaeger.client import find

STATEMENTS = 8
TOLD = 0.1
"""Points of hit rate that are worth a word."""

SYMPTOM_SIGNALS = {
    "degraded": "degraded",
    "slow": "slow",
    "failing": "failing",
    "restarts": "restarts",
    "blind": "blind",
    "quality": "loss",
    "ageing": "age_p95",
}

IMPACTS = {
    "degraded": "answers without user features",
    "slow": "slow answers",
    "failing": "failed requests",
    "restarts": "repeated restarts of a service",
    "blind": "missing telemetry",
    "quality": "a lower hit rate",
    "ageing": "ageing features",
}


@dataclass(frozen=True)
class Case:
    """All findings on one incident."""

    aligned: AlignedSeries
    values: Mapping[str, Values]
    onset: float
    periods: Periods
    changes: dict[str, SignalChange]
    quality: Quality
    impact: Impact


def report(case: Case, ranked: Sequence[Scored]) -> Verdict:
    """The best hypothesis as the verdict, or that none fits."""
    best = ranked[0]
    if best.score < DOUBT:
        return _report_unknown(case, ranked)
    h = best.hypothesis
    path = PATHS[h.component]
    return Verdict(
        domain=h.domain,
        cause=h.cause,
        component=h.component,
        entity=path[-1],
        path=[*path],
        confidence=round(min(best.confidence * _trust(case), _limit(case, h)), 3),
        impact=round(case.impact.size, 2),
        summary=" ".join([say(h, case.changes), *_tell_quality(case, h)]),
        onset=case.onset,
        evidence=_state_all(case, [*_impact_signals(case), *_names(case, h)]),
        traces=_cite(case, h),
        alternatives=_alternatives(ranked[1:], _trust(case)),
        remedy=h.remedy,
        runbook=f"/runbooks/{h.runbook}",
        **_measured(case.quality),
    )


def _measured(quality: Quality) -> dict[str, Any]:
    """How the hit rate changed, and by what."""
    return {
        "decomposition": quality.contributions(),
        "factors": quality.factor_points(),
        "measure": "hit rate" if quality.known else "",
        "measure_before": quality.rate_before,
        "measure_after": quality.rate_after,
    }


def report_nothing(aligned: AlignedSeries, values: Mapping[str, Values]) -> Verdict | None:
    """No user impact was found; None where no symptom is known."""
    evidence = []
    for symptom in SYMPTOMS:
        points = points_of(aligned, values[symptom.signal], MOST_POINTS)
        if points:
            last = points[-1][1]
            change = SignalChange(points[0][1], last, 0.0, 0.0)
            evidence.append(_state(aligned, values, symptom.signal, change))
    if not evidence:
        return None
    known = len(evidence) / len(SYMPTOMS)
    return Verdict(
        domain="none",
        cause="none",
        confidence=round(0.2 + 0.75 * known, 3),
        summary="No user impact was found.",
        evidence=evidence,
    )


def _report_unknown(case: Case, ranked: Sequence[Scored]) -> Verdict:
    impacts = [IMPACTS[name] for name in _symptoms(case)]
    doubt = 1 - sum(scored.confidence for scored in ranked)
    return Verdict(
        domain="unknown",
        cause="unknown",
        component=_find_deepest(case),
        entity=RECOMMENDER,
        path=[RECOMMENDER],
        confidence=round(doubt, 3),
        impact=round(case.impact.size, 2),
        summary=f"User impact: {' and '.join(impacts)}. No known cause fits the evidence.",
        onset=case.onset,
        evidence=_state_all(case, [*_impact_signals(case), *_most_moved(case)]),
        traces=_links(case, {}),
        alternatives=_alternatives(ranked, 1.0),
        remedy="Start with the signals that changed most, listed here, and the slowest traces.",
        **_measured(case.quality),
    )


SHORT_BASELINE, SHORT_IMPACT = 120.0, 45.0
"""Seconds of baseline and of impact below which the confidence is lower."""


def _trust(case: Case) -> float:
    """What is taken from the confidence because there is little to go by."""
    before, after, _ = case.periods
    traces = 1.0 if case.changes["waits_for_storage"].known else 0.95
    baseline = 0.9 + 0.1 * ramp(before.end - before.start, 0.0, SHORT_BASELINE)
    impact = 0.6 + 0.4 * case.impact.most
    return impact * traces * baseline * (0.85 + 0.15 * ramp(after.end - after.start, 0.0, SHORT_IMPACT))


MOVED = 0.5
"""How surely a signal has to have moved to be shown as what did."""

UNMOVED_LIMIT = 0.5
"""The confidence at most in a cause of which what is shown of it did not move."""


def _limit(case: Case, hypothesis: Hypothesis) -> float:
    shown = (_choose_shown(case, expect.signal) for expect in hypothesis.needs)
    return 1.0 if all(_is_seen_to_move(case, name) for name in shown) else UNMOVED_LIMIT


def _choose_shown(case: Case, name: str) -> str:
    """The signal that shows a need: itself, or where its curve did not move the surest of its grounds."""
    moved = [ground for ground in grounds_of(name) if case.changes[ground].up >= MOVED]
    if not moved or _is_seen_to_move(case, name):
        return name
    return max(moved, key=lambda ground: case.changes[ground].up)


def _is_seen_to_move(case: Case, name: str) -> bool:
    """Whether the curve that is drawn moves, if there is one and its numbers are those that are stated."""
    change, curve = case.changes[name], curve_of(name)
    measured = case.changes.get(curve)
    of_curve = measured and (change.before, change.after) == (measured.before, measured.after)
    return not of_curve or is_move(find_signal(curve), change)


CALLS = ("traffic", "service", "model", "data", "features", "storage", "host", "collector")
"""Components from the users down: each waits for, or is fed by, those after it."""


def _find_deepest(case: Case) -> str:
    """The deepest component of which a signal moved: where to look first when no cause is known."""
    moved = {signal.component for signal in SIGNALS if case.changes[signal.name].moved >= 0.5}
    return next((component for component in reversed(CALLS) if component in moved), "")


def _symptoms(case: Case) -> list[str]:
    moved = sorted(case.impact.symptoms.items(), key=lambda item: -item[1])
    return [name for name, sure in moved if sure >= 0.25]


def _impact_signals(case: Case) -> list[str]:
    return [SYMPTOM_SIGNALS[name] for name in _symptoms(case)]


def _names(case: Case, hypothesis: Hypothesis) -> list[str]:
    expected: list[Expect] = [*hypothesis.needs, *hypothesis.predicts]
    moved = [expect.signal for expect in expected if expect.direction is not Direction.UNMOVED]
    calm = [expect.signal for expect in expected if expect.direction is Direction.UNMOVED]
    return [*(_choose_shown(case, name) for name in moved), *calm]


def _most_moved(case: Case) -> list[str]:
    moved = sorted(case.changes.items(), key=lambda item: -item[1].moved)
    return [name for name, change in moved if change.moved >= MOVED]


def _state_all(case: Case, names: Sequence[str]) -> list[Statement]:
    """Known changes as statements, each query and unit once for what comes first."""
    stated: dict[tuple[str, str], Statement] = {}
    for name in names:
        change = case.changes[name]
        key = query_of(name, read_limits(case.aligned.evidence)), unit_of(name)
        if key not in stated and (change.known or change.after is not None):
            stated[key] = _state(case.aligned, case.values, name, change)
    return list(stated.values())[:STATEMENTS]


def _state(
    aligned: AlignedSeries, values: Mapping[str, Values], name: str, change: SignalChange
) -> Statement:
    query = query_of(name, read_limits(aligned.evidence))
    curve = values.get(curve_of(name))
    levels = change.before, change.after
    said, unit = state(name, change), unit_of(name)
    return make_statement(aligned, said, query, levels, curve, unit, TOLD_BY.get(name))


def _cite(case: Case, hypothesis: Hypothesis) -> list[CitedTrace]:
    newcomer = case.quality.newcomer
    wanted: dict[str, frozenset[str]] = {}
    if hypothesis.reasons:
        wanted[REASON] = frozenset(hypothesis.reasons)
    if newcomer and "version" in hypothesis.newcomer:
        wanted[VERSION] = frozenset({newcomer.version})
    if newcomer and "segment" in hypothesis.newcomer:
        wanted[SEGMENT] = frozenset({newcomer.worst})
    return _links(case, wanted)


def _links(case: Case, wanted: dict[str, frozenset[str]]) -> list[CitedTrace]:
    found = cite(case.aligned.evidence.traces, case.periods.after, wanted) or cite(
        case.aligned.evidence.traces, case.periods.after, {}
    )
    base = case.aligned.evidence.jaeger_url
    return [CitedTrace(trace_id=trace.trace_id, link=find(trace.trace_id).link(base)) for trace in found]


def _alternatives(ranked: Sequence[Scored], trust: float) -> list[Alternative]:
    return [
        Alternative(
            cause=scored.hypothesis.cause,
            confidence=round(scored.confidence * trust, 3),
            why_not=scored.against,
        )
        for scored in ranked[:ALTERNATIVES]
    ]


def _tell_quality(case: Case, hypothesis: Hypothesis) -> list[str]:
    """How much hit rate was lost, and how much of it this cause accounts for."""
    if case.changes["loss"].up < 0.25:
        return []
    quality = case.quality
    losses = sum(max(0.0, -100 * effect) for effect in quality.factors)
    gains = losses + 100 * quality.change
    portion = case.impact.portions["quality"].get(hypothesis.explains.get("quality", ""), 0.0)
    return [
        f"The hit rate fell by {-100 * quality.change:.1f} points, from {quality.rate_before:.3f} to "
        f"{quality.rate_after:.3f}; {losses * portion:.1f} points are due to this cause"
        + (f"; other changes gained {gains:.1f} points." if gains >= TOLD else ".")
    ]
