"""Alerts whose end nobody told: Prometheus is asked what still fires.

A stack that was stopped while an alert fired comes back with an Alertmanager that has forgotten it, so its
end is never sent. Where Grafana evaluates the rules, Prometheus knows none of them and nothing is ended here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog

from prometheus.client import AsyncClient, SourceAway, rules
from services.incidents.alerts.store import Store
from services.incidents.database.connection import DatabaseAway
from services.incidents.incident import Alert
from services.incidents.stream import Stream

PAUSE = 30.0
"""Seconds between two looks; an alert has to be missing at two in a row."""

NEWEST = 100
"""Incidents looked at."""

log = structlog.get_logger(__name__)
Key = tuple[str, datetime]
Raised = Mapping[str, Sequence[Mapping[str, str]]]


class Reconciler:
    """Ends the alerts that Prometheus' own rule no longer raises."""

    def __init__(self, store: Store, stream: Stream, prometheus: AsyncClient) -> None:
        self._store = store
        self._stream = stream
        self._prometheus = prometheus
        self._missing: set[Key] = set()

    async def watch(self) -> None:
        """Look every 30 s; runs until it is cancelled."""
        self._missing.clear()
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.look()
            except SourceAway:
                self._missing.clear()
            except DatabaseAway as error:
                log.error("alerts not reconciled", reason=str(error))

    async def look(self) -> None:
        """Compare what fires here with what fires there."""
        firing = await self._read_firing()
        if not firing:
            return
        raised = await self._read_raised()
        missing = {_key(alert): alert for alert in firing if not _is_raised(alert, raised)}
        ended = [alert for key, alert in missing.items() if key in self._missing]
        self._missing = set(missing)
        now = datetime.now(UTC)
        resolved = [alert.model_copy(update={"status": "resolved", "ends_at": now}) for alert in ended]
        for incident in await self._store.record(resolved):
            self._stream.publish(incident)

    async def _read_firing(self) -> list[Alert]:
        incidents = await self._store.select(NEWEST)
        return [alert for incident in incidents for alert in incident.alerts if alert.status == "firing"]

    async def _read_raised(self) -> Raised:
        """The labels of the alerts that each rule raises, by its name; without rules not evaluated yet.

        Raises SourceAway.
        """
        found = await self._prometheus.ask(rules(alerting=True))
        return {rule.name: rule.alerts for rule in found if rule.health == "ok"}


def _key(alert: Alert) -> Key:
    return alert.fingerprint, alert.starts_at


def _is_raised(alert: Alert, raised: Raised) -> bool:
    """Whether its rule still raises it; an alert without a rule is not ended here."""
    return alert.name not in raised or any(
        labels.items() <= alert.labels.items() for labels in raised[alert.name]
    )
