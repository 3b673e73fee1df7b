"""Alerts that a local fault can cause are caused by it and arrive in the inbox. Faults overlap to save time.

Storage Slower Than Deadline and High Storage Latency have their story in test_story.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.rules import all_alerts
from alerts.spec import Alert
from config import Config
from tests.e2e.live import Stack, eventually, stopped

ALERTS = all_alerts(Config())

SLOWEST = 0.3
"""Seconds that a rule's query may take at demo size."""


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.slug)
def test_every_rule_has_data_and_is_quick(stack: Stack, alert: Alert) -> None:
    """So each series that a rule reads exists under its name in the pinned versions.

    What needs something that this stack has not need not have data.
    """
    if stack.has(alert.needs):
        eventually(f"data of {alert.query}", lambda: stack.query(alert.query), 180, every=2)
    asked = datetime.now(UTC)
    stack.query(alert.query)
    assert (datetime.now(UTC) - asked).total_seconds() < SLOWEST


def test_broken_off_answers_arrive_as_errors(stack: Stack) -> None:
    names = ("Storage Errors", "Degraded Answers")
    began = await_peace(stack, *names)
    with broken(stack, "storage-errors", "medium"):
        errors, _ = [await_alert(stack, name, began, 60) for name in names]
    assert errors["labels"]["component"] == "storage"
    assert "%" in errors["annotations"]["summary"]


def test_a_lost_service_and_a_lost_storage_server_arrive(stack: Stack) -> None:
    began = await_peace(stack, "Storage Server Down", "Telemetry Silent")
    with stopped(stack, "recommender"), stopped(stack, "minio"):
        await_alert(stack, "Storage Server Down", began, 75)
        silent = await_alert(stack, "Telemetry Silent", began, 150)
    assert silent["labels"]["service_name"] == "recommender"
    served = "sum(rate(recommendation_requests_total[30s])) > 10"
    eventually("users are served again", lambda: stack.value(served), 90)


def test_a_storage_outage_and_a_lost_jaeger_arrive(stack: Stack) -> None:
    names = ("Answers Without Storage", "Storage Outage", "Jaeger Down")
    began = await_peace(stack, *names)
    with broken(stack, "storage-outage"), stopped(stack, "jaeger"):
        for name in names:
            await_alert(stack, name, began, 75)


def test_a_lost_collector_arrives_though_it_carries_the_telemetry(stack: Stack) -> None:
    began = await_peace(stack, "Collector Down")
    with stopped(stack, "collector"):
        await_alert(stack, "Collector Down", began, 75)


def test_the_heartbeat_arrives_and_is_no_incident(stack: Stack) -> None:
    def heard() -> bool:
        pulse = stack.http.get(f"{stack.url('incidents')}/api/heartbeat").json()
        recent = datetime.now(UTC) - timedelta(seconds=90)
        return pulse["status"] == "alive" and datetime.fromisoformat(pulse["last_at"]) > recent

    eventually("a heartbeat of the last minute and a half", heard, 120, every=2)
    assert not any(alert["name"] == "Heartbeat" for alert in alerts(stack))


@contextmanager
def broken(stack: Stack, fault: str, severity: str = "high") -> Iterator[None]:
    stack.run("faults", "break", fault, severity)
    try:
        yield
    finally:
        stack.run("faults", "mend")


def await_peace(stack: Stack, *names: str) -> datetime:
    """When none of the alerts fires any more."""
    eventually(f"none of {names} fires", lambda: not any(firing(stack, name) for name in names), 420, every=2)
    return datetime.now(UTC)


def await_alert(stack: Stack, name: str, since: datetime, deadline: float) -> dict[str, Any]:
    """The alert once it fires in the inbox, begun after `since`."""

    def find() -> dict[str, Any] | None:
        found = [a for a in firing(stack, name) if datetime.fromisoformat(a["starts_at"]) >= since]
        return found[0] if found else None

    return eventually(f"{name} is in the inbox", find, deadline)


def firing(stack: Stack, name: str) -> list[dict[str, Any]]:
    return [alert for alert in alerts(stack) if alert["name"] == name and alert["status"] == "firing"]


def alerts(stack: Stack) -> list[dict[str, Any]]:
    incidents = stack.http.get(f"{stack.url('incidents')}/api/incidents").json()["incidents"]
    return [alert for incident in incidents for alert in incident["alerts"]]
