"""Which alerts are one incident: their times fit, and their services are connected.

An alert that comes later does not make one of two incidents, even if it is connected with both: their pages
are known by then.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

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


def choose_incident(connection: sqlite3.Connection, alert: Alert, connected: Connected) -> int | None:
    """Return the newest incident the alert belongs to, or None if it is the first of its own.

    It belongs where an alert of a connected service started or ended within TOGETHER of its start, or still
    fires on the same component: an unrelated alert that has been firing for days takes nothing in. Lost
    telemetry of any service belongs with the trouble of the collector.
    """
    found = [*_find_lost_with_collector(connection, alert), *_find_connected(connection, alert, connected)]
    return next((each for each in dict.fromkeys(found) if _has_room(connection, each)), None)


def _find_lost_with_collector(connection: sqlite3.Connection, alert: Alert) -> Iterator[int]:
    if alert.labels.get("follows") != LOST_WITH_COLLECTOR:
        return
    start = alert.starts_at.timestamp()
    rows = connection.execute(
        "SELECT DISTINCT incident_id, service FROM alerts WHERE name LIKE ? AND starts_at < ?"
        " AND (ends_at IS NULL OR ends_at > ?) ORDER BY incident_id DESC",
        (ON_COLLECTOR, start + TOGETHER, start - TOGETHER),
    )
    yield from (row["incident_id"] for row in rows if row["service"] in STACK)


def _find_connected(connection: sqlite3.Connection, alert: Alert, connected: Connected) -> Iterator[int]:
    start = alert.starts_at.timestamp()
    rows = connection.execute(
        """
        WITH named AS MATERIALIZED (SELECT value FROM json_each(:services)),
        near AS (
            SELECT incident_id, service FROM alerts WHERE starts_at BETWEEN :from AND :to
            UNION ALL SELECT incident_id, service FROM alerts WHERE ends_at BETWEEN :from AND :to
            UNION ALL SELECT incident_id, service FROM alerts
                WHERE ends_at IS NULL AND component = :component AND component != '' AND starts_at < :to
        )
        SELECT DISTINCT incident_id FROM near WHERE (service IN named) != :others ORDER BY incident_id DESC
        """,
        {
            "from": start - TOGETHER,
            "to": start + TOGETHER,
            "component": alert.component,
            "services": json.dumps([*connected.services]),
            "others": connected.others,
        },
    )
    yield from (row["incident_id"] for row in rows)


def _has_room(connection: sqlite3.Connection, incident_id: int) -> bool:
    (count,) = connection.execute(
        "SELECT count(*) FROM alerts WHERE incident_id = ?", (incident_id,)
    ).fetchone()
    return bool(count < ALERTS_PER_INCIDENT)
