"""The dead man's switch: silence becomes an incident, heartbeats clutter nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.incidents.alerts.heartbeat import NAME
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, alertmanager, grafana
from tests.unit.services.incidents.running import incidents_service

TIMEOUT = 1.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[httpx.Client]:
    with incidents_service(tmp_path, heartbeat_timeout=TIMEOUT) as client:
        yield client


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[httpx.Client]:
    """A service that does not lose patience during a test."""
    with incidents_service(tmp_path) as client:
        yield client


def send_heartbeat(client: httpx.Client, **more: Any) -> None:
    body = alertmanager(alert("Heartbeat", "beef", labels={"heartbeat": "true", **more}))
    client.post("/webhooks/alerts", json=body).raise_for_status()


def incidents(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/incidents").json()["incidents"]
    return found


def silence(client: httpx.Client) -> dict[str, Any] | None:
    """The incident, as long as it fires: a slow start may have brought another before the first heartbeat."""
    return next((each for each in incidents(client) if each["status"] == "firing"), None)


def status(client: httpx.Client) -> str:
    return str(client.get("/api/heartbeat").json()["status"])


def test_a_heartbeat_is_no_incident(patient: httpx.Client) -> None:
    assert status(patient) == "waiting"
    assert "Waiting for alerting" in patient.get("/").text
    send_heartbeat(patient)
    assert status(patient) == "alive"
    assert incidents(patient) == []
    assert "Alerting works" in patient.get("/").text


def test_silence_becomes_an_incident_that_ends_with_the_next_heartbeat(service: httpx.Client) -> None:
    send_heartbeat(service)
    incident = eventually("silence is noticed", lambda: silence(service), 10, every=0.1)
    raised = incident["alerts"][-1]
    assert (raised["name"], raised["severity"], raised["status"]) == (NAME, "critical", "firing")
    assert raised["annotations"]["runbook_url"] == "/runbooks/alerting-is-silent"
    assert status(service) == "silent"
    assert "Alerting is silent" in service.get("/").text
    send_heartbeat(service)
    assert [each["status"] for each in incidents(service)] == ["resolved"]


def test_alerting_that_never_comes_up_is_silent_too(service: httpx.Client) -> None:
    eventually("silence is noticed", lambda: incidents(service), 10, every=0.1)
    assert service.get("/api/heartbeat").json()["last_at"] is None


def test_silence_survives_a_restart_and_is_told_once(tmp_path: Path) -> None:
    with incidents_service(tmp_path, heartbeat_timeout=TIMEOUT) as service:
        eventually("silence is noticed", lambda: incidents(service), 10, every=0.1)
    with incidents_service(tmp_path, heartbeat_timeout=TIMEOUT) as service:
        assert status(service) == "silent"
        send_heartbeat(service)
        [incident] = incidents(service)
        assert (incident["status"], len(incident["alerts"])) == ("resolved", 1)


def test_time_in_which_the_service_was_down_is_no_silence(tmp_path: Path) -> None:
    with incidents_service(tmp_path) as service:
        send_heartbeat(service)
    with incidents_service(tmp_path, heartbeat_timeout=60) as service:
        assert status(service) == "alive"
        assert incidents(service) == []


def test_a_heartbeat_rule_that_failed_is_an_alert_and_no_heartbeat(patient: httpx.Client) -> None:
    labels = {"heartbeat": "true", "rulename": "Heartbeat"}
    body = grafana(alert("DatasourceError", "dead", labels=labels))
    patient.post("/webhooks/alerts", json=body).raise_for_status()
    assert status(patient) == "waiting"
    assert [each["alerts"][0]["name"] for each in incidents(patient)] == ["Heartbeat"]


def test_other_alerts_in_the_same_message_are_kept(patient: httpx.Client) -> None:
    body = alertmanager(alert(), alert("Heartbeat", "beef", labels={"heartbeat": "true"}))
    told = patient.post("/webhooks/alerts", json=body).json()
    assert told == {"incidents": [1]}
    assert status(patient) == "alive"
