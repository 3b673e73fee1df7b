"""Which versions of a service run, and which of them came with an onset (Unix seconds)."""

from collections.abc import Iterator, Mapping

import numpy as np

from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.topology.traffic import Mask

CAME_WITH = 90.0
"""Seconds by which a new version may come before or after the onset and still be its cause."""

AWAY = 120.0
"""Seconds without a sign of a version, while another runs, from which its return is a change."""

ALONE = 75.0
"""Seconds for which another version ran without it before: what was there all along has sent by then."""


def find_new_version(aligned: AlignedSeries, service: str, onset: float) -> str | None:
    """The version that came with the onset, beside or after another; it may have run before."""
    running = _running(aligned, service)
    came = [
        (at, version)
        for version in running
        for at in _arrivals(aligned.times, running, version)
        if abs(at - onset) <= CAME_WITH
    ]
    return max(came)[1] if came else None


def knows_version(aligned: AlignedSeries, service: str, onset: float) -> bool:
    """Whether the service said which version it is, before the onset and since."""
    known = np.any([*_running(aligned, service).values(), np.zeros(len(aligned.times), bool)], axis=0)
    since = aligned.times > onset
    return bool(known[~since].any() and known[since].any())


def _running(aligned: AlignedSeries, service: str) -> Mapping[str, Mask]:
    """When each version ran."""
    rows = aligned.rows("versions", service_name=service)
    named = ((row.labels.get("service_version", ""), row) for row in rows)
    return {version: np.isfinite(row.values) for version, row in named if version}


def _arrivals(times: Values, running: Mapping[str, Mask], version: str) -> Iterator[float]:
    """When a version came after another had run without it."""
    others = [each for name, each in running.items() if name != version]
    other = np.any([*others, np.zeros(len(times), bool)], axis=0)
    there = np.flatnonzero(running[version])
    for last, at in zip([-1, *there], there, strict=False):
        away = np.inf if last < 0 else times[at] - times[last]
        early = np.searchsorted(times, times[at] - ALONE, side="right")
        if away >= AWAY and other[last + 1 : early].any():
            yield float(times[at])
