"""Which alerts are one incident: their times fit, and their services are connected.

An alert that comes later does not make one of two incidents, even if it is connected with both: their pages
are known by then.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from services.incidents.database.connection import Connection
from services.incidents.incident import STACK, Alert

TOGETHER = 300.0
"""Seconds between an alert's start and another's start or end, for them to belong together (contract)."""

ALERTS_PER_INCIDENT = 500
"""A bound for an alert that flaps all day: then the next incident begins."""

LOST_WITH_COLLECTOR = "collector-down"
"""What alerts follow that are about telemetry which is missing while the collector is in trouble."""

ON_COLLECTOR = "Collector %"
"""Names of the stack's alerts on its collector, as an SQL pattern."""


class Connected(NamedTuple):
    """Services whose trouble may be one: these or, if `others`, all but these."""

    services: frozenset[str]
    others: bool = False


Connect = Callable[[str], Connected]
"""The services connected with one, itself among them; the one without a name is the stack."""


def connect_all(service: str) -> Connected:
    """What is connected where no map is known: the stack's own services, and all the others."""
    return Connected(STACK, others=service not in STACK)


class Grouping:
    """Which incident each alert of a transaction belongs to.

    What is stored around its alerts is read once, not again for each: thousands may start together.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: tuple[float, float] | None = None
        self._moments: dict[int, dict[str, list[float]]] = {}
        self._firing: dict[str, dict[int, dict[str, list[float]]]] = {}
        self._sizes: dict[int, int] = {}

    def choose(self, alert: Alert, connected: Connected) -> int | None:
        """Return the newest incident the alert belongs to, or None if it is the first of its own.

        It belongs where an alert of a connected service started or ended within TOGETHER of its start, or
        still fires on the same component: an unrelated alert that has been firing for days takes nothing in.
        Lost telemetry of any service belongs with the trouble of the collector.
        """
        lost = _find_lost_with_collector(self._connection, alert)
        found = chain(lost, self._find_connected(alert, connected))
        return next((each for each in found if self._has_room(each)), None)

    def add(self, incident_id: int, alert: Alert) -> None:
        """Note an alert that was stored."""
        start = alert.starts_at.timestamp()
        self._note(self._moments, incident_id, alert.service, start)
        if alert.ends_at:
            self._note(self._moments, incident_id, alert.service, alert.ends_at.timestamp())
        elif alert.component in self._firing:
            self._note(self._firing[alert.component], incident_id, alert.service, start)
        if incident_id in self._sizes:
            self._sizes[incident_id] += 1

    def end(self, incident_id: int, alert: Alert, start: float, end: float) -> None:
        """Note that an alert of an incident no longer fires (Unix seconds)."""
        self._note(self._moments, incident_id, alert.service, end)
        starts = self._firing.get(alert.component, {}).get(incident_id, {}).get(alert.service, [])
        if start in starts:
            starts.remove(start)

    def _find_connected(self, alert: Alert, connected: Connected) -> Iterator[int]:
        start = alert.starts_at.timestamp()
        since, until = start - TOGETHER, start + TOGETHER
        self._read_moments(since, until)
        firing = self._read_firing(alert.component)
        for incident_id in sorted(self._moments.keys() | firing.keys(), reverse=True):
            around = _of(connected, self._moments.get(incident_id, {}))
            before = _of(connected, firing.get(incident_id, {}))
            if any(since <= moment <= until for moment in around) or any(other < until for other in before):
                yield incident_id

    def _read_moments(self, since: float, until: float) -> None:
        """Know when alerts started and ended between two moments (Unix seconds)."""
        first, last = self._known or (since, since)
        if self._known is None or since > last or until < first:
            unknown, self._known = [(since, until)], (since, until)
        else:
            unknown = [(since, first)] * (since < first) + [(last, until)] * (until > last)
            self._known = min(since, first), max(until, last)
        for each in unknown:
            rows = self._connection.execute(
                "SELECT incident_id, service, starts_at AS moment FROM alerts"
                " WHERE starts_at BETWEEN :from AND :until"
                " UNION ALL SELECT incident_id, service, ends_at FROM alerts"
                " WHERE ends_at BETWEEN :from AND :until",
                dict(zip(("from", "until"), each, strict=True)),
            )
            for row in rows:
                self._note(self._moments, row["incident_id"], row["service"], row["moment"])

    def _read_firing(self, component: str) -> Mapping[int, Mapping[str, list[float]]]:
        """When what fires on a component started; nothing of no component."""
        if not component:
            return {}
        if component not in self._firing:
            firing = self._firing[component] = {}
            rows = self._connection.execute(
                "SELECT incident_id, service, starts_at FROM alerts"
                " WHERE ends_at IS NULL AND component = :component",
                {"component": component},
            )
            for row in rows:
                self._note(firing, row["incident_id"], row["service"], row["starts_at"])
        return self._firing[component]

    def _note(
        self, moments: dict[int, dict[str, list[float]]], incident: int, service: str, at: float
    ) -> None:
        moments.setdefault(incident, {}).setdefault(service, []).append(at)

    def _has_room(self, incident_id: int) -> bool:
        return self._count(incident_id) < ALERTS_PER_INCIDENT

    def _count(self, incident_id: int) -> int:
        if incident_id not in self._sizes:
            row = self._connection.execute(
                "SELECT count(*) AS number FROM alerts WHERE incident_id = :incident",
                {"incident": incident_id},
            ).fetchone()
            self._sizes[incident_id] = int(row["number"])
        return self._sizes[incident_id]


def _of(connected: Connected, moments: Mapping[str, list[float]]) -> Iterator[float]:
    for service, found in moments.items():
        if (service in connected.services) != connected.others:
            yield from found


def _find_lost_with_collector(connection: Connection, alert: Alert) -> Iterator[int]:
    if alert.labels.get("follows") != LOST_WITH_COLLECTOR:
        return
    start = alert.starts_at.timestamp()
    rows = connection.execute(
        "SELECT DISTINCT incident_id, service FROM alerts WHERE name LIKE :name AND starts_at < :until"
        " AND (ends_at IS NULL OR ends_at > :from) ORDER BY incident_id DESC",
        {"name": ON_COLLECTOR, "until": start + TOGETHER, "from": start - TOGETHER},
    )
    yield from [row["incident_id"] for row in rows if row["service"] in STACK]
