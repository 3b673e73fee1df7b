"""Changes in words: numbers with their units, statements, summaries."""

from collections.abc import Mapping
from typing import NamedTuple

from diagnosis.packs.recommender.hypotheses.hypothesis import Hypothesis
from diagnosis.packs.recommender.limits import Limits
from diagnosis.packs.recommender.queries import shown
from diagnosis.packs.recommender.signals.catalogue import SIGNALS
from diagnosis.signals.changes import SignalChange
from diagnosis.signals.signal import Signal

_SIGNALS = {signal.name: signal for signal in SIGNALS}


class DerivedSignal(NamedTuple):
    """How a derived signal is shown: title, unit, query, and the signal whose curve is drawn, if any.

    `grounds` are measured signals that can make it move while its curve does not.
    """

    title: str
    unit: str
    query: str
    curve: str = ""
    grounds: tuple[str, ...] = ()


DERIVED_SIGNALS: Mapping[str, DerivedSignal] = {
    "refuses": DerivedSignal("Storage reads that could not connect", "share", "storage_outcomes", "away"),
    "tail_only": DerivedSignal("The 95th percentile of storage reads", "s", "storage_p95", "storage_p95"),
    "all_late": DerivedSignal("The median storage read", "s", "storage_p50", "storage_p50"),
    "trickles": DerivedSignal("Time from the first byte to the last", "ms", "transfer", "transfer"),
    "full": DerivedSignal("Storage read slots in use", "share", "storage_active", "active"),
    "places_held": DerivedSignal(
        "Storage read slots in use", "share", "storage_active", "active", ("timed_out", "failed", "busy")
    ),
    "own_work": DerivedSignal("The event loop's lag", "s", "loop_p95", "loop"),
    "cpu_short": DerivedSignal("The host's CPU in use", "share", "host_cpu", "host"),
    "surge": DerivedSignal("Requests", "1/s", "requests", "rate"),
    "ageing": DerivedSignal("The age of the oldest features in use", "s", "feature_age_p95", "age_p95"),
    "popularity_moved": DerivedSignal("Popularity of the items shown", "share", "popularity", "popularity"),
    "segment_mix": DerivedSignal("Requests that moved to other segments", "share", "segments"),
    "feedback_lost": DerivedSignal("Feedback received per answer", "1", "feedback", "feedback"),
    "loss": DerivedSignal("The hit rate", "share", "hits", "hit_rate"),
    "lost_by_segment": DerivedSignal("The hit rate, by user segment", "share", "hits", "hit_rate"),
    "lost_by_source": DerivedSignal("The hit rate, by answer source", "share", "hits", "hit_rate"),
    "lost_by_version": DerivedSignal("The hit rate, by model version", "share", "hits", "hit_rate"),
    "lost_within": DerivedSignal(
        "The hit rate within segment, version and source", "share", "hits", "hit_rate"
    ),
    "version_worse": DerivedSignal(
        "The new version's hit rate compared with the others'", "points", "hits_by_version"
    ),
    "version_explains": DerivedSignal("Hit rate lost to the new version", "points", "hits_by_version"),
    "one_segment": DerivedSignal(
        "The new version compared with the others: other segments, then its worst",
        "points",
        "hits_by_version",
    ),
    "newcomer": DerivedSignal("The new version's share of the answers", "share", "versions"),
    "waits_for_storage": DerivedSignal(
        "Time per request in storage reads, from traces", "ms", "storage_mean_ms"
    ),
    "computes": DerivedSignal("Time per request in the service itself, from traces", "ms", "stage_p50"),
}


def name_signal(name: str) -> str:
    """What a signal is called."""
    return (_SIGNALS.get(name) or DERIVED_SIGNALS[name]).title


def unit_of(name: str) -> str:
    """The unit of its numbers."""
    return (_SIGNALS.get(name) or DERIVED_SIGNALS[name]).unit


def query_of(name: str, limits: Limits) -> str:
    """The PromQL that shows it."""
    return shown((_SIGNALS.get(name) or DERIVED_SIGNALS[name]).query, limits)


def find_signal(name: str) -> Signal:
    """A measured signal by its name."""
    return _SIGNALS[name]


def curve_of(name: str) -> str:
    """The signal whose curve shows it; empty if none does."""
    return name if name in _SIGNALS else DERIVED_SIGNALS[name].curve


def grounds_of(name: str) -> tuple[str, ...]:
    """Measured signals that a derived one may have moved by, beside its curve."""
    return () if name in _SIGNALS else DERIVED_SIGNALS[name].grounds


def show(value: float | None, unit: str) -> str:
    """A number as people read it: shares in percent, short times in milliseconds."""
    if value is None:
        return "unknown"
    if unit == "share":
        return f"{100 * value:.3g}%" if abs(value) < 0.0995 else f"{100 * value:.0f}%"
    if unit == "points":
        return f"{100 * value:+.1f} points"
    if unit == "s":
        return f"{1000 * value:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
    if unit == "1/s":
        return f"{value:.3g} requests/s"
    return f"{value:.3g} {unit}".strip() if unit not in ("1", "") else f"{value:.2g}"


class _Shown:
    def __init__(self, change: SignalChange, unit: str) -> None:
        self.before = show(change.before, unit)
        self.after = show(change.after, unit)


def say(hypothesis: Hypothesis, changes: Mapping[str, SignalChange]) -> str:
    """The hypothesis' sentence with the numbers of this case."""
    shown = {name: _Shown(change, unit_of(name)) for name, change in changes.items()}
    return hypothesis.says.format(**shown)


def state(name: str, change: SignalChange) -> str:
    """One change as a sentence."""
    before, after = (show(value, unit_of(name)) for value in (change.before, change.after))
    title = name_signal(name)
    if not change.known:
        return f"{title}: {after}; no baseline to compare with."
    if before == after:
        return f"{title} stayed at {after}."
    if change.moved < 0.25:
        return f"{title}: {before} before, {after} after; no clear change."
    rose = (change.after or 0.0) > (change.before or 0.0)
    return f"{title} {'rose' if rose else 'fell'} from {before} to {after}."
