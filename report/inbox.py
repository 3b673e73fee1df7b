"""The incidents of a period, from the inbox's API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from pydantic import AwareDatetime, BaseModel

from prometheus.client import Client, Request
from report.period import Period

PER_PAGE, PAGES = 100, 20
TIMEOUT = 10.0
SEVERITIES = ("info", "warning", "critical")


class Alert(BaseModel):
    """One firing of one alert."""

    name: str
    severity: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}

    def span(self, now: float) -> Period:
        """When it fired; up to `now` while it does."""
        return _span(self.starts_at, self.ends_at, now)


class Incident(BaseModel):
    """Alerts that fired together, oldest first."""

    id: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    alerts: tuple[Alert, ...]
    verdict: Mapping[str, Any] | None = None

    @property
    def headline(self) -> Alert:
        """The worst of its alerts, the oldest of those."""
        return max(self.alerts, key=lambda alert: rank(alert.severity))

    def span(self, now: float) -> Period:
        """When it lasted; up to `now` while it does."""
        return _span(self.started_at, self.ended_at, now)


class _Page(BaseModel):
    incidents: tuple[Incident, ...]
    next_before: int | None


class Inbox:
    """The incidents service."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None, token: str = "") -> None:
        self.address = address
        self._client = Client("The incidents service", address, TIMEOUT, transport, token)

    def list_incidents(self, period: Period) -> list[Incident]:
        """Those of the last PAGES pages that lasted into the period, newest first. Raises SourceAway."""
        found: list[Incident] = []
        before: int | None = None
        for _ in range(PAGES):
            page = self._read(before)
            found += [one for one in page.incidents if one.alerts and _overlaps(one, period)]
            before = page.next_before
            if before is None:
                break
        return found

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def _read(self, before: int | None) -> _Page:
        parameters = {"limit": str(PER_PAGE)} | ({"before": str(before)} if before else {})
        return self._client.ask(Request("/api/incidents", parameters, _Page.model_validate_json))


def rank(severity: str) -> int:
    """Higher is worse; an unknown one is the mildest."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _overlaps(incident: Incident, period: Period) -> bool:
    span = incident.span(period.end)
    return span.end >= period.start and span.start <= period.end


def _span(start: datetime, end: datetime | None, now: float) -> Period:
    return Period(start.timestamp(), end.timestamp() if end else max(now, start.timestamp()))
