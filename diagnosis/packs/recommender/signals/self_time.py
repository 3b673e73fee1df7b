"""Where requests spend their time, by the self-time of spans in sampled traces.

A span's self-time is what it lasts without its children, each cut to its parent: a read that goes on after
its request stopped waiting counts only as long as it was waited for.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean

from diagnosis.signals.changes import UNKNOWN, SignalChange, ramp
from diagnosis.signals.series import Periods, Window
from diagnosis.sources.evidence import Trace
from telemetry import attributes as a
from telemetry import spans as s

FEWEST = 4
"""Traces on each side of the onset without which they say nothing."""

CITED = 3

COMPUTING = frozenset({s.SERVER.name, s.PIPELINE.name, s.LOAD_FEATURES.name, s.SCORE.name, s.RANK.name})


def self_times(trace: Trace) -> dict[str, float]:
    """Milliseconds of self-time by span name; they sum to the root's duration."""
    held: list[tuple[float, float]] = []
    for span in trace.spans:
        start, end = span.start_ms, span.start_ms + span.duration_ms
        if span.parent is not None and span.parent < len(held):
            low, high = held[span.parent]
            start, end = min(max(start, low), high), max(min(end, high), low)
        held.append((start, end))
    times: dict[str, float] = {}
    for place, span in enumerate(trace.spans):
        children = [held[n] for n, child in enumerate(trace.spans) if child.parent == place]
        start, end = held[place]
        times[span.name] = times.get(span.name, 0.0) + (end - start) - _covered(children)
    return times


def _covered(intervals: Iterable[tuple[float, float]]) -> float:
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def within(traces: Iterable[Trace], window: Window) -> list[Trace]:
    """The traces that began in a window."""
    return [trace for trace in traces if window.start < trace.started_at <= window.end]


def measure_self_time_changes(traces: Sequence[Trace], periods: Periods) -> dict[str, SignalChange]:
    """Whether the time that was added is waited for storage or spent in the service itself."""
    fair = [trace for trace in traces if not trace.selected_for_latency]
    past, now = within(fair, periods.before), within(fair, periods.after)
    if len(past) < FEWEST or len(now) < FEWEST:
        return {"waits_for_storage": UNKNOWN, "computes": UNKNOWN}
    old, new = _mean_times(past), _mean_times(now)
    added = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in {*old, *new}}
    whole = sum(change for change in added.values() if change > 0)
    sure = ramp(whole, 3.0, 15.0)
    read = s.S3_GET_OBJECT.name
    own = sum(max(0.0, added.get(name, 0.0)) for name in COMPUTING)
    return {
        "waits_for_storage": SignalChange(
            old.get(read, 0.0), new.get(read, 0.0), _share(added.get(read, 0.0), whole) * sure, 0.0
        ),
        "computes": SignalChange(_own(old), _own(new), _share(own, whole) * sure, 0.0),
    }


def _share(part: float, whole: float) -> float:
    return ramp(part / whole, 0.3, 0.7) if whole > 0 else 0.0


def _own(times: dict[str, float]) -> float:
    return sum(times.get(name, 0.0) for name in COMPUTING)


def _mean_times(traces: Sequence[Trace]) -> dict[str, float]:
    each = [self_times(trace) for trace in traces]
    names = {name for times in each for name in times}
    return {name: fmean(times.get(name, 0.0) for times in each) for name in names}


def cite(traces: Sequence[Trace], after: Window, wanted: dict[str, frozenset[str]]) -> list[Trace]:
    """Traces of the affected window that have all wanted attribute values, the slowest first."""
    affected = sorted(within(traces, after), key=lambda trace: -trace.duration_ms)
    fitting = [trace for trace in affected if _fits(trace, wanted)] if wanted else affected
    return fitting[:CITED]


def _fits(trace: Trace, wanted: dict[str, frozenset[str]]) -> bool:
    said = {
        key: str(value) for span in trace.spans for key, value in span.attributes.items() if key in wanted
    }
    return all(said.get(key) in values for key, values in wanted.items())


REASON, VERSION, SEGMENT = a.RECOMMENDATION_REASON, a.MODEL_VERSION, a.USER_SEGMENT
