"""The one entry: evidence in, verdict out."""

from collections.abc import Mapping
from functools import partial

from diagnosis.onset.onset import Onset
from diagnosis.onset.periods import choose_periods
from diagnosis.packs.recommender.hypotheses.quality import assess, measure_quality_changes
from diagnosis.packs.recommender.hypotheses.scoring import rank
from diagnosis.packs.recommender.impact import assess_impact
from diagnosis.packs.recommender.onsets import find_onsets
from diagnosis.packs.recommender.report import Case, report, report_nothing
from diagnosis.packs.recommender.signals.catalogue import SIGNALS
from diagnosis.packs.recommender.signals.derived import derive_signals
from diagnosis.packs.recommender.signals.self_time import measure_self_time_changes
from diagnosis.signals.changes import measure_change
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.sources.evidence import Evidence
from diagnosis.verdict.second import diagnose_latest
from diagnosis.verdict.verdict import Verdict

LEAST_IMPACT = 0.25
"""Minimum certainty (0–1) of a symptom's change that counts as user impact."""


def diagnose(evidence: Evidence, *, alerted_at: float | None = None, after: float | None = None) -> Verdict:
    """The verdict on a window: its root cause and evidence.

    `alerted_at` (Unix seconds) is when an alert began to fire, right to ±60 s; None when nobody was alerted.
    `after` is when an earlier trouble began: what came on top of it is looked for first.
    Pure; takes ≤ 100 ms for 15 minutes; less evidence gives less confidence, never an exception.
    """
    return diagnose_latest(partial(_diagnose, alerted_at=alerted_at), evidence, after)


def _diagnose(evidence: Evidence, *, alerted_at: float | None) -> Verdict:
    aligned = AlignedSeries(evidence)
    values = {signal.name: signal.extract(aligned) for signal in SIGNALS}
    judged = [
        (case, rank(case.changes, case.impact))
        for onset in find_onsets(aligned, values, alerted_at)
        if (case := examine(aligned, values, onset, alerted_at)).impact.most >= LEAST_IMPACT
    ]
    if not judged:
        return report_nothing(aligned, values)
    return report(*max(judged, key=lambda found: found[0].impact.most * found[1][0].score))


def examine(
    aligned: AlignedSeries, values: Mapping[str, Values], onset: Onset, alerted_at: float | None
) -> Case:
    """All changes, derived signals and symptoms on both sides of an onset."""
    periods = choose_periods(aligned, values, onset, alerted_at)
    quality = assess(aligned, periods)
    found = {
        **{signal.name: measure_change(signal, values[signal.name], aligned, periods) for signal in SIGNALS},
        **measure_quality_changes(quality),
        **measure_self_time_changes(aligned.evidence.traces, periods),
    }
    changes = derive_signals(found, aligned, periods)
    return Case(aligned, values, onset.at, periods, changes, quality, assess_impact(changes, quality))
