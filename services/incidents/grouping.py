"""Which alerts are one incident: their times fit, and their services are connected.

An alert that comes later does not make one of two incidents, even if it is connected with both: their pages
are known by then.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from services.incidents.database import Connection
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


def choose_incident(connection: Connection, alert: Alert, connected: Connected) -> int | None:
    """Return the newest incident the alert belongs to, or None if it is the first of its own.

    It belongs where an alert of a connected service started or ended within TOGETHER of its start, or still
    fires on the same component: an unrelated alert that has been firing for days takes nothing in. Lost
    telemetry of any service belongs with the trouble of the collector.
    """
    found = [*_find_lost_with_collector(connection, alert), *_find_connected(connection, alert, connected)]
    return next((each for each in dict.fromkeys(found) if _has_room(connection, each)), None)


def _find_lost_with_collector(connection: Connection, alert: Alert) -> Iterator[int]:
    if alert.labels.get("follows") != LOST_WITH_COLLECTOR:
        return
    start = alert.starts_at.timestamp()
    rows = connection.execute(
        "SELECT DISTINCT incident_id, service FROM alerts WHERE name LIKE :name AND starts_at < :until"
        " AND (ends_at IS NULL OR ends_at > :from) ORDER BY incident_id DESC",
        {"name": ON_COLLECTOR, "until": start + TOGETHER, "from": start - TOGETHER},
    )
    yield from (row["incident_id"] for row in rows if row["service"] in STACK)


def _find_connected(connection: Connection, alert: Alert, connected: Connected) -> Iterator[int]:
    start = alert.starts_at.timestamp()
    rows = connection.execute(
        """
        SELECT incident_id, service FROM alerts WHERE starts_at BETWEEN :from AND :until
        UNION SELECT incident_id, service FROM alerts WHERE ends_at BETWEEN :from AND :until
        UNION SELECT incident_id, service FROM alerts
            WHERE ends_at IS NULL AND component = :component AND component != '' AND starts_at < :until
        ORDER BY incident_id DESC
        """,
        {"from": start - TOGETHER, "until": start + TOGETHER, "component": alert.component},
    )
    for row in rows:
        if (row["service"] in connected.services) != connected.others:
            yield row["incident_id"]


def _has_room(connection: Connection, incident_id: int) -> bool:
    row = connection.execute(
        "SELECT count(*) AS number FROM alerts WHERE incident_id = :incident", {"incident": incident_id}
    ).fetchone()
    return bool(row["number"] < ALERTS_PER_INCIDENT)
