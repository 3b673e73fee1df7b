"""When an incident is diagnosed: at once, as the evidence grows, and when it ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat

from services.incidents.incident import CONTEXT_BEFORE, Incident, Window

FIRST = (0.0, 20.0, 25.0, 45.0)
"""Seconds before each of the first diagnoses: at the alert, then about 20, 45 and 90 s after it."""

LATER = 120.0
MINIMUM_INTERVAL = 10.0
"""Seconds between two diagnoses at least, however often the alerts change."""

CONTEXT_AFTER = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
"""The longest window that is diagnosed: what began an incident does not change after that."""


def pauses() -> Iterator[float]:
    """Seconds to wait before each diagnosis of an incident; without end."""
    return chain(FIRST, repeat(LATER))


def choose_window(incident: Incident, now: datetime) -> Window:
    """The time to diagnose: from CONTEXT_BEFORE before the first alert until now or just after the end."""
    start = incident.started_at - CONTEXT_BEFORE
    ended = incident.ended_at + CONTEXT_AFTER if incident.ended_at else now
    return Window(start, max(min(now, ended, start + LONGEST), incident.started_at))


def is_over(incident: Incident, now: datetime) -> bool:
    """Whether a diagnosis of `incident` as it is would be its last."""
    return incident.ended_at is not None or now >= incident.started_at - CONTEXT_BEFORE + LONGEST
