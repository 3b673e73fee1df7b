"""When an incident is diagnosed: at once, as the evidence grows, and when it ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise, repeat

from diagnosis.verdict.verdict import rank_domain
from services.incidents.incident import CONTEXT_BEFORE, Incident, Wave, Window

FIRST = (0.0, 20.0, 25.0, 45.0)
"""Seconds before each of the first diagnoses: at the alert, then about 20, 45 and 90 s after it."""

LATER = 120.0
MINIMUM_INTERVAL = 10.0
"""Seconds between two diagnoses at least, however often the alerts change."""

CONTEXT_AFTER = timedelta(minutes=1)
HOLDS = timedelta(minutes=5)
"""How long after a wave began its verdict may be refined: its evidence is in by then."""

LONGEST = timedelta(hours=6)
"""The longest window that is diagnosed: what began an incident does not change after that."""


def pauses(done: int = 0) -> Iterator[float]:
    """Seconds to wait before each diagnosis of an incident, of which some are done; without end."""
    return chain(FIRST[done:], repeat(LATER))


def choose_window(incident: Incident, wave: Wave, now: datetime) -> Window:
    """The time to diagnose: from the context before the wave until the next one, the end, or now."""
    start = wave.started_at - wave.context
    ends = [now, start + LONGEST]
    ends += [incident.ended_at + CONTEXT_AFTER] if incident.ended_at else []
    ends += [later.started_at for later in incident.waves if later.started_at > wave.started_at]
    if wave.verdict and rank_domain(wave.verdict) == 2:
        ends.append(wave.started_at + HOLDS)
    return Window(start, max(min(ends), wave.started_at))


def choose_due(incident: Incident, now: datetime) -> list[Wave]:
    """The waves to diagnose: those without a verdict, the newest until it is settled and at the end, and an
    older one without a cause until the wave after it has its evidence: until then its own comes in.
    """
    newest = incident.waves[-1]
    due = [
        wave
        for wave, after in pairwise(incident.waves)
        if wave.verdict is None or (rank_domain(wave.verdict) < 2 and holds(after, now))
    ]
    settled = newest.verdict and rank_domain(newest.verdict) == 2 and not holds(newest, now)
    return due if settled and not is_over(incident, now) else [*due, newest]


def holds(wave: Wave, now: datetime) -> bool:
    """Whether evidence on the wave still comes in."""
    return now <= wave.started_at + HOLDS


def is_over(incident: Incident, now: datetime) -> bool:
    """Whether a diagnosis of `incident` as it is would be its last."""
    newest = incident.waves[-1].started_at
    return incident.ended_at is not None or now >= newest - CONTEXT_BEFORE + LONGEST
