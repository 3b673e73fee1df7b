"""The incidents that are open, as metrics: dashboards name them and mark where they began."""

import asyncio
from typing import NamedTuple, Protocol

import structlog

from services.incidents.alerts.store import Store
from services.incidents.database.connection import DatabaseAway
from services.incidents.incident import Incident
from telemetry import attributes as a

PAUSE = 5.0
"""Seconds between two looks."""

log = structlog.get_logger(__name__)


class Gauge(Protocol):
    """What OpenTelemetry's gauges have in common."""

    def set(self, amount: int | float, attributes: dict[str, str], /) -> None: ...


class Gauges(NamedTuple):
    """`incident.open` and `incident.started`."""

    number: Gauge
    started: Gauge


class OpenIncidents:
    """The number and the start of the newest open incident of each alert and verdict; 0 when it is over."""

    def __init__(self, store: Store, gauges: Gauges) -> None:
        self._store = store
        self._gauges = gauges
        self._shown: set[tuple[str, ...]] = set()

    async def watch(self) -> None:
        """Measure again and again; runs until it is cancelled."""
        while True:
            try:
                await self.measure()
            except DatabaseAway as error:
                log.error("open incidents not measured", reason=str(error))
            await asyncio.sleep(PAUSE)

    async def measure(self) -> None:
        """Set the gauges to what is stored."""
        oldest_first = reversed(await self._store.select_open())
        newest = {_labels(incident): incident for incident in oldest_first}
        for labels in self._shown - newest.keys():
            self._set(labels, 0, 0)
        for labels, incident in newest.items():
            self._set(labels, incident.id, incident.started_at.timestamp())
        self._shown = set(newest)

    def _set(self, labels: tuple[str, ...], number: int, started: float) -> None:
        attributes = dict(zip((a.ALERT, a.SEVERITY, a.DOMAIN, a.CAUSE), labels, strict=True))
        self._gauges.number.set(number, attributes)
        self._gauges.started.set(started, attributes)


def _labels(incident: Incident) -> tuple[str, ...]:
    verdict = incident.verdict
    opinion = (verdict.domain, verdict.cause) if verdict else ("pending", "no verdict yet")
    return incident.headline.name, incident.headline.severity, *opinion
