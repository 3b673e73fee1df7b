"""Which alerts are one incident."""

import sqlite3

from services.incidents.incident import Alert

TOGETHER = 300.0
"""Seconds between an alert's start and another's start or end, for them to belong together (contract)."""

ALERTS_PER_INCIDENT = 500
"""A bound for an alert that flaps all day: then the next incident begins."""


def choose_incident(connection: sqlite3.Connection, alert: Alert) -> int | None:
    """Return the newest incident the alert belongs to, or None if it is the first of its own.

    It belongs where another alert started or ended within TOGETHER of its start, or where an alert of the
    same component still fires: an unrelated alert that has been firing for days takes nothing in.
    """
    start = alert.starts_at.timestamp()
    row = connection.execute(
        """
        SELECT incident_id FROM (
            SELECT incident_id FROM alerts WHERE starts_at BETWEEN :from AND :to
            UNION SELECT incident_id FROM alerts WHERE ends_at BETWEEN :from AND :to
            UNION SELECT incident_id FROM alerts
                WHERE ends_at IS NULL AND component = :component AND component != '' AND starts_at < :to
        ) AS near
        WHERE (SELECT count(*) FROM alerts WHERE alerts.incident_id = near.incident_id) < :most
        ORDER BY incident_id DESC LIMIT 1
        """,
        {
            "from": start - TOGETHER,
            "to": start + TOGETHER,
            "component": alert.component,
            "most": ALERTS_PER_INCIDENT,
        },
    ).fetchone()
    return row["incident_id"] if row else None
