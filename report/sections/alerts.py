"""Alerts that fired, for how long, and which of them are noisy."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from report.inbox import Alert, Incident
from report.period import Period

BRIEF = 120
"""Seconds: an alert that resolves sooner gives nobody time to act."""

FLAPPING = 3
FLAPPING_WITHIN = 3_600
"""Starts within so many seconds from which an alert flaps."""

_SUBJECTS = ("service_name", "job", "exporter", "component")
"""Labels that say what an alert is about, the most telling first."""


@dataclass(frozen=True)
class Fired:
    """One alert, on one `subject`: each firing as it was, also where it reaches beyond the period."""

    name: str
    subject: str
    severity: str
    firings: tuple[Period, ...]
    still_firing: bool
    inside: float

    @property
    def typical(self) -> float:
        """Median seconds of a firing."""
        return median(one.seconds for one in self.firings)

    @property
    def longest(self) -> float:
        """Seconds of the longest firing."""
        return max(one.seconds for one in self.firings)

    @property
    def brief(self) -> int:
        """Firings that were over within BRIEF seconds."""
        return sum(one.seconds < BRIEF for one in self._over)

    @property
    def flapping(self) -> int:
        """Most starts within FLAPPING_WITHIN seconds, 0 if there are fewer than FLAPPING."""
        starts = sorted(one.start for one in self.firings)
        most = max(sum(first <= start < first + FLAPPING_WITHIN for start in starts) for first in starts)
        return most if most >= FLAPPING else 0

    @property
    def _over(self) -> Sequence[Period]:
        return self.firings[:-1] if self.still_firing else self.firings


def review_alerts(incidents: Sequence[Incident], period: Period) -> list[Fired]:
    """Every alert that fired in the period, the one that fired longest first; other labels, other alert."""
    alike: dict[tuple[str, frozenset[tuple[str, str]]], list[Alert]] = {}
    for incident in incidents:
        for alert in incident.alerts:
            span = alert.span(period.end)
            if period.clip(span.start, span.end):
                alike.setdefault((alert.name, frozenset(alert.labels.items())), []).append(alert)
    return sorted(
        (_review(alerts, period) for alerts in alike.values()), key=lambda one: (-one.inside, one.name)
    )


def _review(alerts: list[Alert], period: Period) -> Fired:
    ordered = sorted(alerts, key=lambda alert: (alert.ends_at is None, alert.starts_at))
    spans = tuple(alert.span(period.end) for alert in ordered)
    last = ordered[-1]
    return Fired(
        name=last.name,
        subject=next((last.labels[name] for name in _SUBJECTS if last.labels.get(name)), ""),
        severity=last.severity,
        firings=spans,
        still_firing=last.ends_at is None,
        inside=sum(part.seconds for span in spans if (part := period.clip(span.start, span.end))),
    )
