"""The one entry: evidence in, verdict out."""

from collections.abc import Mapping

from diagnosis.hypotheses.quality import assess, read_quality
from diagnosis.hypotheses.scoring import rank
from diagnosis.onset.impact import feel
from diagnosis.onset.onset import Onset, find_onsets
from diagnosis.onset.periods import choose_periods
from diagnosis.signals.catalogue import SIGNALS
from diagnosis.signals.changes import read_all
from diagnosis.signals.derived import derive
from diagnosis.signals.self_time import read_spans
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.sources.evidence import Evidence
from diagnosis.verdict.report import Case, report, report_nothing
from diagnosis.verdict.verdict import Verdict

FELT = 0.25
"""How surely a symptom must have moved for there to be trouble."""


def diagnose(evidence: Evidence, *, alerted_at: float | None = None) -> Verdict:
    """Say whence the trouble of a window came.

    `alerted_at` (Unix seconds) is when an alert began to fire, right to ±60 s; None when nobody was alerted.
    Pure; takes ≤ 100 ms for 15 minutes; less evidence gives less confidence, never an exception.
    """
    aligned = AlignedSeries(evidence)
    values = {signal.name: signal.read(aligned) for signal in SIGNALS}
    judged = [
        (case, rank(case.readings, case.felt))
        for onset in find_onsets(aligned, values, alerted_at)
        if (case := examine(aligned, values, onset, alerted_at)).felt.most >= FELT
    ]
    if not judged:
        return report_nothing(aligned, values)
    return report(*max(judged, key=lambda found: found[0].felt.most * found[1][0].score))


def examine(
    aligned: AlignedSeries, values: Mapping[str, Values], onset: Onset, alerted_at: float | None
) -> Case:
    """All readings, facts and symptoms on both sides of an onset."""
    periods = choose_periods(aligned, values, onset, alerted_at)
    quality = assess(aligned, periods)
    found = {
        **read_all(aligned, values, periods),
        **read_quality(quality),
        **read_spans(aligned.evidence.traces, periods),
    }
    readings = derive(found, aligned, periods)
    return Case(aligned, values, onset.at, periods, readings, quality, feel(readings, quality))
