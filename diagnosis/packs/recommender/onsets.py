"""When something began: what users notice of it, and which version came."""

from collections.abc import Mapping

import numpy as np

from diagnosis.onset.onset import ChangePoint, Onset, Symptom, find_step
from diagnosis.packs.recommender.limits import read_limits
from diagnosis.signals.series import AlignedSeries, Values, Window

NEAR = 60.0
"""Seconds by which another symptom may lead the strongest one and still belong to the same incident."""

CLICKS = 3.0
"""Seconds until most clicks have come."""

HIT_RATE = Symptom("hit_rate", -1, 0.03, 0.03)
"""Its labels come late by the attribution window."""

SYMPTOMS = (
    Symptom("degraded", 1, 0.01, 0.03),
    Symptom("slow", 1, 0.01, 0.03),
    Symptom("latency_p95", 1, 0.02, 0.08),
    Symptom("loop", 1, 0.02, 0.1),
    Symptom("restarts", 1, 0.2, 1.5),
    Symptom("failing", 1, 0.005, 0.02),
    Symptom("blind", 1, 0.1, 0.3),
    Symptom("age_p95", 1, 10.0, 60.0),
    Symptom("ctr", -1, 0.006, 0.008, CLICKS),
    HIT_RATE,
)


ROLL_OUT = Symptom("answers", 1, 0.02, 0.03)
"""No impact itself: another version answers, which may affect the users whom it answers."""


def find_onsets(
    aligned: AlignedSeries, values: Mapping[str, Values], alerted_at: float | None
) -> list[Onset]:
    """Possible onsets: when the symptoms changed, and when a version was rolled out."""
    change_points = [
        point if point.symptom is not HIT_RATE else _wait_for_labels(aligned, point)
        for symptom in SYMPTOMS
        if (point := find_step(aligned, values[symptom.signal], symptom, alerted_at))
        and point.strength > 0.25
    ]
    shares = [(share, find_step(aligned, share, ROLL_OUT, alerted_at)) for share in _version_shares(aligned)]
    return _gather(change_points) + [
        Onset(switch.at, [])
        for share, switch in shares
        if switch and switch.strength > 0.5 and _lasts(aligned, share, switch, alerted_at)
    ]


def _wait_for_labels(aligned: AlignedSeries, point: ChangePoint) -> ChangePoint:
    """They come when the attribution window of a request is over."""
    evidence = aligned.evidence
    return point._replace(at=max(point.at - read_limits(evidence).attribution_window, evidence.start))


def _lasts(aligned: AlignedSeries, share: Values, switch: ChangePoint, alerted_at: float | None) -> bool:
    """Whether a version that came is still there when the alert fires: else it is not what it is about."""
    end = aligned.evidence.end if alerted_at is None else min(alerted_at, aligned.evidence.end)
    before, then = (
        share[aligned.inside(w)] for w in (Window(switch.at - 60, switch.at), Window(end - 30, end))
    )
    before, then = before[np.isfinite(before)], then[np.isfinite(then)]
    return bool(len(then) and np.median(then) > (np.median(before) if len(before) else 0) + switch.size / 3)


def _gather(change_points: list[ChangePoint]) -> list[Onset]:
    """One onset for each group of symptoms that moved at about the same time."""
    if not change_points:
        return []
    change_points = sorted(change_points, key=lambda point: -point.strength)
    near = [point for point in change_points if abs(point.at - change_points[0].at) <= NEAR]
    return [_agree(near), *_gather([point for point in change_points if point not in near])]


def _agree(change_points: list[ChangePoint]) -> Onset:
    """The earliest of the sure symptoms, strongest first; labels come late and are asked last."""
    sure = [point for point in change_points if point.strength >= 0.8 * change_points[0].strength]
    fast = [point for point in sure if point.symptom is not HIT_RATE] or sure
    return Onset(min(point.at for point in fast), change_points)


def _version_shares(aligned: AlignedSeries) -> list[Values]:
    versions = {row.labels.get("model_version", "") for row in aligned.growth("answers")}
    if len(versions) < 2:
        return []
    return [
        aligned.share("answers", lambda labels, of=version: labels.get("model_version", "") == of)  # type: ignore[misc]
        for version in sorted(versions)
    ]
