"""The same runs with less to go by: recordings edited before they are diagnosed again."""

import zlib
from collections.abc import Callable, Mapping

from bench.incidents.recording import Recording
from diagnosis import Evidence, Verdict
from diagnosis.sources.evidence import Labelled

Diagnose = Callable[[Evidence, float | None], Verdict]
Edit = Callable[[Recording, Evidence, float | None], tuple[Evidence, float | None]]

GAP = 30.0
SAMPLED = 10
"""One trace of so many is kept."""

SHIFT = 60.0


def _keep(_: Recording, evidence: Evidence, alerted_at: float | None) -> tuple[Evidence, float | None]:
    return evidence, alerted_at


def _drop_traces(_: Recording, evidence: Evidence, alerted_at: float | None) -> tuple[Evidence, float | None]:
    return evidence.model_copy(update={"traces": []}), alerted_at


def _sample(_: Recording, evidence: Evidence, alerted_at: float | None) -> tuple[Evidence, float | None]:
    kept = [trace for trace in evidence.traces if not zlib.crc32(trace.trace_id.encode()) % SAMPLED]
    return evidence.model_copy(update={"traces": kept}), alerted_at


def _cut(recording: Recording, evidence: Evidence, alerted_at: float | None) -> tuple[Evidence, float | None]:
    """Where it hurts most: from the moment of the injection on."""
    start = recording.outcome.injected_at
    series = {name: [_without(each, start) for each in many] for name, many in evidence.series.items()}
    return evidence.model_copy(update={"series": series}), alerted_at


def _without(series: Labelled, start: float) -> Labelled:
    times = series.values[:, 0]
    kept = series.values[(times < start) | (times >= start + GAP)]
    return series.model_copy(update={"values": kept})


def _shift(seconds: float) -> Edit:
    def edit(_: Recording, evidence: Evidence, alerted_at: float | None) -> tuple[Evidence, float | None]:
        return evidence, alerted_at + seconds if alerted_at else None

    return edit


ABLATIONS: Mapping[str, Edit] = {
    "all evidence": _keep,
    "no traces": _drop_traces,
    "10 % of the traces": _sample,
    "30 s of telemetry missing": _cut,
    "alert 60 s too early": _shift(-SHIFT),
    "alert 60 s too late": _shift(SHIFT),
}
"""Edits by what they take away; the first takes nothing."""
