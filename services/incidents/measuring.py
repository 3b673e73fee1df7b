"""The verdicts on incidents that fire, as a metric: dashboards mark them on their time axis."""

from typing import Protocol

from diagnosis import Verdict
from telemetry import attributes as a


class Gauge(Protocol):
    """What OpenTelemetry's gauges have in common."""

    def set(self, amount: int | float, attributes: dict[str, str], /) -> None: ...


class VerdictGauge:
    """1 for each domain and cause that some incident under diagnosis has for its verdict, else 0."""

    def __init__(self, gauge: Gauge | None) -> None:
        self._gauge = gauge
        self._held: dict[int, tuple[str, str]] = {}

    def hold(self, incident_id: int, verdict: Verdict) -> None:
        """The incident fires and has this verdict."""
        if self._held.get(incident_id) == (verdict.domain, verdict.cause):
            return
        self.release(incident_id)
        self._held[incident_id] = verdict.domain, verdict.cause
        self._set(verdict.domain, verdict.cause, 1)

    def release(self, incident_id: int) -> None:
        """The incident is over, or has another verdict."""
        pair = self._held.pop(incident_id, None)
        if pair and pair not in self._held.values():
            self._set(*pair, 0)

    def _set(self, domain: str, cause: str, value: int) -> None:
        if self._gauge:
            self._gauge.set(value, {a.DOMAIN: domain, a.CAUSE: cause})
