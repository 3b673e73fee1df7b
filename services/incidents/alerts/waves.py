"""The waves of an incident: alerts that start close together, and which verdict stands for a wave.

An alert that starts more than APART after the first alert of the latest wave begins another wave.

    alerts   ●●  ●        ●   ●●        ●
    waves    └ 1 ┘        └  2 ┘        └ 3
"""

from collections.abc import Sequence
from datetime import timedelta

from diagnosis import Verdict
from diagnosis.verdict.verdict import rank_domain
from services.incidents.incident import CONTEXT_BEFORE, MODELS_BEFORE, Alert, Wave

APART = timedelta(seconds=60)
MOST = 8
"""Waves of an incident; of more, the first and the newest."""

LESS_SURE = 0.15
"""By how much less sure a later verdict may be and still replace an earlier one: it has seen more."""


def split_waves(alerts: Sequence[Alert]) -> list[Wave]:
    """The waves of alerts sorted by their start; without verdicts."""
    groups: list[list[Alert]] = []
    for alert in alerts:
        if not groups or alert.starts_at - groups[-1][0].starts_at > APART:
            groups.append([])
        groups[-1].append(alert)
    chosen = groups if len(groups) <= MOST else [groups[0], *groups[1 - MOST :]]
    return [_make(group) for group in chosen]


def _make(alerts: Sequence[Alert]) -> Wave:
    user_impact = [alert.name for alert in alerts if alert.has_user_impact and alert.status == "firing"]
    return Wave(
        started_at=alerts[0].starts_at,
        alerts=list(dict.fromkeys(alert.name for alert in alerts)),
        services=sorted({alert.service for alert in alerts}),
        user_impact=list(dict.fromkeys(user_impact)),
        context=MODELS_BEFORE if any(alert.is_slow for alert in alerts) else CONTEXT_BEFORE,
    )


def find_wave(waves: Sequence[Wave], at: float) -> Wave | None:
    """The wave that began at `at` (Unix seconds), or began earlier when all its alerts were not yet known."""
    if at < waves[0].started_at.timestamp():
        return waves[0]
    spans = ((wave, at - wave.started_at.timestamp()) for wave in waves)
    return next((wave for wave, into in spans if 0 <= into <= APART.total_seconds()), None)


def find_earlier_onset(waves: Sequence[Wave], wave: Wave) -> float | None:
    """When the trouble of the wave before it began (Unix seconds), if one was found."""
    earlier = [other for other in waves if other.started_at < wave.started_at]
    return earlier[-1].verdict.onset if earlier and earlier[-1].verdict else None


def choose_headline(waves: Sequence[Wave]) -> Verdict | None:
    """The verdict with the greatest user impact; `none` only if no wave has another, or may yet get it while
    users are affected.
    """
    best = max((wave.verdict for wave in waves if wave.verdict), key=_weigh, default=None)
    awaited = any(wave.user_impact and wave.verdict is None for wave in waves)
    return None if awaited and best and best.domain == "none" else best


def _weigh(verdict: Verdict) -> tuple[bool, float, int, float]:
    standing = rank_domain(verdict)
    return standing > 0, verdict.impact, standing, verdict.confidence


def settle(kept: Verdict | None, fresh: Verdict, *, holds: bool) -> Verdict:
    """Which of two verdicts on a wave stands; a cause is only replaced while the wave's window `holds`."""
    if kept is None or rank_domain(fresh) != rank_domain(kept):
        return fresh if kept is None or rank_domain(fresh) > rank_domain(kept) else kept
    if rank_domain(kept) < 2:
        return fresh
    return fresh if holds and fresh.confidence >= kept.confidence - LESS_SURE else kept


def doubt(verdict: Verdict, user_impact: Sequence[str], *, past: bool = False) -> Verdict:
    """`unknown` instead of `none` where alerts on user impact fire, or fired in a time that is `past`."""
    if verdict.domain != "none" or not user_impact:
        return verdict
    names = " and ".join(user_impact)
    fire = "fires" if len(user_impact) == 1 else "fire"
    said = "fired, so users were affected" if past else f"{fire}, so users are affected"
    return verdict.model_copy(
        update={
            "domain": "unknown",
            "cause": "unknown",
            "confidence": round(1 - verdict.confidence, 3),
            "summary": f"{names} {said}. What the diagnosis reads does not show it: {verdict.summary}",
            "remedy": "Start with the alert's runbook and the slowest traces. Check that the service sends "
            "the metrics that the evidence lists.",
        }
    )
