"""From the telemetry of the recommender to a verdict on it."""

from collections.abc import Mapping

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
from diagnosis.verdict.verdict import Verdict

LEAST_IMPACT = 0.25
"""Minimum certainty (0–1) of a symptom's change that counts as user impact."""


def examine(aligned: AlignedSeries, alerted_at: float | None) -> Verdict | None:
    """The verdict on a window; None where no symptom is known. Takes ≤ 100 ms for 15 minutes."""
    values = {signal.name: signal.extract(aligned) for signal in SIGNALS}
    judged = [
        (case, rank(case.changes, case.impact))
        for onset in find_onsets(aligned, values, alerted_at)
        if (case := measure(aligned, values, onset, alerted_at)).impact.most >= LEAST_IMPACT
    ]
    if not judged:
        return report_nothing(aligned, values)
    return report(*max(judged, key=lambda found: found[0].impact.most * found[1][0].score))


def measure(
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
