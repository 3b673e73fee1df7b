"""Webhook bodies in the shape that Grafana 12.3 and Alertmanager 0.31 send."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

START = datetime(2026, 11, 20, 20, 45, 50, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


class Sender(Protocol):
    """Puts alerts into a webhook's body."""

    def __call__(self, *alerts: dict[str, Any]) -> dict[str, Any]: ...


def write_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def alert(
    name: str = "High Storage Latency",
    fingerprint: str = "c84760258f33bab2",
    starts_at: datetime = START,
    ends_at: datetime | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What both senders have in common."""
    return {
        "status": "resolved" if ends_at else "firing",
        "labels": {
            "alertname": name,
            "severity": "critical",
            "component": "object storage",
            **(labels or {}),
        },
        "annotations": {
            "summary": "Reading features takes 952 ms (p95)",
            "runbook_url": "http://127.0.0.1:8010/runbooks/high-storage-latency",
            **(annotations or {}),
        },
        "startsAt": write_time(starts_at),
        "endsAt": write_time(ends_at) if ends_at else NEVER,
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up",
        "fingerprint": fingerprint,
    }


def alertmanager(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "receiver": "incidents",
        "status": "firing" if any(sent["status"] == "firing" for sent in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
    }


def grafana(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Grafana's body: the same and more."""
    place = "http://localhost:3000/d/recommendation-quality-and-storage?from=1&orgId=1&to=2"
    more = {
        "silenceURL": "http://localhost:3000/alerting/silence/new",
        "dashboardURL": place,
        "panelURL": f"{place}&viewPanel=4",
        "values": {"A": 0.9524, "C": 1},
        "valueString": "[ var='A' value=0.9524 ]",
        "orgId": 1,
    }
    return {
        **alertmanager(*({**sent, **more} for sent in alerts)),
        "version": "1",
        "orgId": 1,
        "title": "[FIRING:1]",
        "state": "alerting",
        "message": "**Firing**",
    }


def no_data(rule: str, fingerprint: str = "84e7568ff343847a") -> dict[str, Any]:
    """The alert Grafana sends about a rule whose query returns nothing."""
    sent = alert(
        "DatasourceNoData", fingerprint, labels={"rulename": rule, "ref_id": "A", "severity": "warning"}
    )
    return {**sent, "values": None}


def later(minutes: float) -> datetime:
    """START and some minutes."""
    return START + timedelta(minutes=minutes)
