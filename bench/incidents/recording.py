"""A run in a file: the diagnosis's evidence, its answer, and the right one. Small enough for the repo."""

import gzip
import math
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bench.incidents.client_samples import ClientSample
from bench.incidents.outcome import Outcome
from diagnosis import Evidence
from diagnosis.sources.evidence import Labelled, Trace, pack

T = TypeVar("T")
RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
SUFFIX = ".json.gz"
DIGITS = 5
"""Significant digits that are kept of a value."""

TRACES = 60
"""Traces that are kept, spread over the window."""

LARGEST = 60_000
"""Bytes of a recording; one that would be larger keeps fewer traces."""

CPU_CONTENTION = 0.95
"""The share of all CPU in use, median over the fault, from which a run is not kept: other work
on the machine left it too little, and what is measured then is not the scenario."""


class Recording(BaseModel):
    """One run: outcome (with the truth), the users' samples, and the evidence at the time of the verdict."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    outcome: Outcome
    samples: list[ClientSample] = Field(default=[], validation_alias="ticks", serialization_alias="ticks")
    evidence: Evidence | None = None


def measure_cpu_contention(recording: Recording) -> float:
    """The median share of the machine's CPU in use from the injection to the question; 0 where unknown.

    Judged before the verdict is looked at. A scenario that loads the machine itself is left out.
    """
    outcome, evidence = recording.outcome, recording.evidence
    if outcome.scenario.alone or evidence is None or outcome.asked_at is None:
        return 0.0
    used = [
        value
        for series in evidence.series.get("host_cpu", ())
        for at, value in series.values.tolist()
        if outcome.injected_at < at <= outcome.asked_at
    ]
    return statistics.median(used) if used else 0.0


def shrink(evidence: Evidence | None, traces: int = TRACES) -> Evidence | None:
    """The same with fewer digits and traces, and without the addresses of the stack."""
    if evidence is None:
        return None
    series = {name: [_shrink_series(each) for each in many] for name, many in evidence.series.items()}
    kept = [_shrink_trace(trace) for trace in spread(evidence.traces, traces)]
    update = {"series": series, "traces": kept, "prometheus_url": "", "jaeger_url": ""}
    return evidence.model_copy(update=update)


def _shrink_series(series: Labelled) -> Labelled:
    kept = [(round(t, 1), _round(v)) for t, v in series.values.tolist()]
    return series.model_copy(update={"values": pack(kept)})


def _shrink_trace(trace: Trace) -> Trace:
    spans = [
        span.model_copy(update={"start_ms": _round(span.start_ms), "duration_ms": _round(span.duration_ms)})
        for span in trace.spans
    ]
    return trace.model_copy(update={"duration_ms": _round(trace.duration_ms), "spans": spans})


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most `most` of the items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[int(n * len(items) / most)] for n in range(most)]


def _round(value: float) -> float:
    if not value or not math.isfinite(value):
        return value
    return round(value, max(DIGITS - 1 - math.floor(math.log10(abs(value))), 0))


def write_recording(folder: Path, recording: Recording) -> Path:
    """Write `<id>.json.gz` as a whole, within LARGEST bytes where fewer traces can achieve that."""
    folder.mkdir(parents=True, exist_ok=True)
    traces = TRACES
    while len(content := _pack(recording)) > LARGEST and traces > 1:
        traces //= 2
        recording = recording.model_copy(update={"evidence": shrink(recording.evidence, traces)})
    file = folder / f"{recording.outcome.scenario.id}{SUFFIX}"
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, file)
    return file


def _pack(recording: Recording) -> bytes:
    return gzip.compress(recording.model_dump_json(exclude_defaults=True).encode(), mtime=0)


def read_recordings(folder: Path) -> list[Recording]:
    """All recordings of a folder, by name. Raises ValueError naming a file that is not one."""
    return [_read(file) for file in sorted(folder.glob(f"*{SUFFIX}"))]


def _read(file: Path) -> Recording:
    try:
        return Recording.model_validate_json(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{file} is not a recording: {str(error).splitlines()[0]}; delete it") from None
