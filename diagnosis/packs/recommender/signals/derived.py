"""Derived signals: what several signals say together, measured like one."""

from diagnosis.signals.changes import UNKNOWN, SignalChange, ramp
from diagnosis.signals.series import AlignedSeries, Periods, Window, total

SignalChanges = dict[str, SignalChange]

HANGS = 0.5
"""Seconds from which a failed read hung before it failed."""

SILENT, TELLING = 0.12, 0.35
"""Part of the usual feedback up to which it is lost on its way, and from which it may be what users think:
the popular list alone, which knows nobody, keeps two fifths."""


def derive_signals(found: SignalChanges, aligned: AlignedSeries, periods: Periods) -> SignalChanges:
    """The changes with those of the derived signals added; each is only as sure as what it is made from."""
    return {
        **found,
        "refuses": _refuses(found),
        "all_late": _scaled(found["storage_p50"], _evenness(found)),
        "tail_only": _scaled(found["storage_p95"], 1 - _evenness(found)),
        "trickles": _trickles(found),
        "full": _full(found),
        "places_held": _places_held(found),
        "surge": _surge(found),
        "ageing": _either(found["expired"], _either(found["age"], found["age_p95"])),
        "popularity_moved": _either(found["popularity"], _mirrored(found["popularity"])),
        "own_work": _own_work(found),
        "cpu_short": _cpu_short(found),
        "segment_mix": _segment_mix(aligned, periods.before, periods.after),
        "feedback_lost": _feedback_lost(found),
    }


def _scaled(change: SignalChange, factor: float) -> SignalChange:
    return SignalChange(change.before, change.after, change.up * factor, 0.0, change.known)


def _refuses(found: SignalChanges) -> SignalChange:
    """Most of what fails finds nobody to connect to: storage is away, not just failing."""
    away, failed = found["away"], found["failed"]
    part = (away.after or 0.0) / failed.after if failed.after else 0.0
    return _scaled(away, ramp(part, 0.3, 0.6))


def _evenness(found: SignalChanges) -> float:
    """1 when the median read became about as much slower as the slowest, 0 when it stayed behind."""
    median, slowest = _rise(found["storage_p50"]), _rise(found["storage_p95"])
    return ramp(median / slowest, 0.15, 0.4) if slowest > 0 else 1.0


def _rise(change: SignalChange) -> float:
    return max(0.0, (change.after or 0.0) - (change.before or 0.0))


def _trickles(found: SignalChanges) -> SignalChange:
    """Objects arrive slowly once they began: most of the added time lies behind the first byte."""
    transfer, first = found["transfer"], found["first_byte_mean"]
    if not transfer.known or transfer.before is None or transfer.after is None:
        return UNKNOWN
    added = _rise(transfer)
    share = added / (added + _rise(first)) if added else 0.0
    return SignalChange(transfer.before, transfer.after, transfer.up * ramp(share, 0.05, 0.15), 0.0)


def _full(found: SignalChanges) -> SignalChange:
    """Hardly a place left for another read."""
    active, busy = found["active"], found["busy"]
    level = max(ramp(active.after or 0.0, 0.6, 0.9), busy.up)
    return SignalChange(active.before, active.after, level, 0.0, active.known or busy.known)


def _places_held(found: SignalChanges) -> SignalChange:
    """Places are taken by reads that hang, while those that come through are as fast as ever."""
    full, fast = _full(found), 1 - found["storage_p50"].up
    slow = ramp(found["failed_p50"].after or 0.0, 0.3 * HANGS, HANGS)
    hanging = max(found["timed_out"].up, found["failed"].up * slow)
    held = max(full.up * max(hanging, found["busy"].up * slow), 0.7 * hanging)
    return SignalChange(full.before, full.after, fast * held, 0.0, full.known)


def _surge(found: SignalChanges) -> SignalChange:
    """More requests, and the service cannot keep up: its own work waits."""
    rate = found["rate"]
    busy = found["own_cpu"].up * found["latency_p95"].up * (1 - found["storage_p50"].up)
    return _scaled(rate, max(_own_work(found).up, busy))


def _either(one: SignalChange, other: SignalChange) -> SignalChange:
    return one if one.up >= other.up and one.known else other


def _mirrored(change: SignalChange) -> SignalChange:
    return SignalChange(change.before, change.after, change.down, change.up, change.known)


def _cpu_short(found: SignalChanges) -> SignalChange:
    """The machine has no CPU left, and the service's own work waits, not only for storage."""
    host = found["host"]
    if not host.known or host.after is None:
        return UNKNOWN
    scarce = ramp(host.after, 0.7, 0.9)
    explains = max(_keeps_up(found, "loop", "storage_p95"), _keeps_up(found, "loop_p50", "storage_p50"))
    return SignalChange(host.before, host.after, scarce * _own_work(found).up * explains, 0.0)


def _own_work(found: SignalChanges) -> SignalChange:
    """The event loop or the computing became slower: whichever did most."""
    return max((found[name] for name in ("loop", "loop_p50", "compute")), key=lambda change: change.up)


def _keeps_up(found: SignalChanges, own: str, storage: str) -> float:
    """Whether the service's own work became slower about as much as storage: then it is not storage."""
    waited = _rise(found[storage])
    return ramp(_rise(found[own]) / waited, 0.08, 0.25) if waited else 1.0


def _segment_mix(aligned: AlignedSeries, before: Window, after: Window) -> SignalChange:
    """Total variation distance between the users' segments before and after, 0 to 1."""
    shares = [_segments(aligned, window) for window in (before, after)]
    if not all(shares):
        return UNKNOWN
    names = {*shares[0], *shares[1]}
    distance = sum(abs(shares[1].get(name, 0.0) - shares[0].get(name, 0.0)) for name in names) / 2
    return SignalChange(0.0, distance, ramp(distance, 0.05, 0.15), 0.0)


def _segments(aligned: AlignedSeries, window: Window) -> dict[str, float]:
    inside = aligned.inside(window)
    answers = total([row.values for row in aligned.growth("answers")], aligned.nothing)[inside]
    whole = float(answers.sum())
    if not whole >= 50:
        return {}
    shares: dict[str, float] = {}
    for labels, values in aligned.growth("answers"):
        name = labels.get("segment", "")
        shares[name] = shares.get(name, 0.0) + float(values[inside].sum()) / whole
    return shares


def _feedback_lost(found: SignalChanges) -> SignalChange:
    """Users tell next to nothing any more: what looks like quality is the telling."""
    feedback = found["feedback"]
    if not feedback.known or not feedback.before or feedback.after is None:
        return UNKNOWN
    kept = feedback.after / feedback.before
    return SignalChange(feedback.before, feedback.after, 1 - ramp(kept, SILENT, TELLING), 0.0)
