"""Verdicts on their way to the receivers of alerts."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI, HTTPException, Request
from structlog.testing import capture_logs

from diagnosis import Verdict
from services.incidents.alertmanager_publisher import NAME, AlertmanagerPublisher
from services.incidents.incident import Incident
from services.incidents.webhooks import read_alerts
from services.instrumentation import NATIVE_TELEMETRY_OFF
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later
from tests.unit.services.incidents.opinions import BAD_MODEL, NOTHING, UNKNOWN, storage_latency
from tests.unit.services.incidents.running import incidents_service, serve

PAGE = "http://inbox.example"


class Alertmanager:
    """Takes alerts as the real one does."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.broken = False
        self.app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        self.app.add_api_route("/api/v2/alerts", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> None:
        if self.broken:
            raise HTTPException(500)
        self.received += await request.json()


def incident(ended: bool = False) -> Incident:
    alerts = read_alerts(json.dumps(alertmanager(alert(ends_at=later(4) if ended else None))).encode()).alerts
    return Incident(
        id=12,
        status="resolved" if ended else "firing",
        started_at=START,
        ended_at=later(4) if ended else None,
        alerts=alerts,
    )


def notify(address: str | None, *said: tuple[Incident, Verdict, Verdict | None]) -> None:
    async def work() -> None:
        publisher = AlertmanagerPublisher(address, PAGE)
        for each in said:
            await publisher.notify(*each)
        await publisher.close()

    anyio.run(work)


def test_receivers_are_told_verdict_remedy_and_where_to_look() -> None:
    fake = Alertmanager()
    with serve(fake.app) as address:
        notify(address, (incident(), storage_latency(), None))
    [sent] = fake.received
    assert sent["labels"] == {
        "alertname": NAME,
        "severity": "critical",
        "component": "object storage",
        "incident": "12",
        "cause": "storage-latency",
        "explained": "true",
    }
    assert sent["annotations"]["summary"].startswith("19.8 of the 23.1 points")
    for part in ("Infrastructure: storage latency (almost certainly, 93%)", "Leave the model alone",
                 "Explains: High Storage Latency", f"{PAGE}/incidents/12"):  # fmt: skip
        assert part in sent["annotations"]["description"]
    assert sent["annotations"]["runbook_url"] == f"{PAGE}/runbooks/high-storage-latency"
    assert sent["endsAt"] > sent["startsAt"]


def test_a_changed_verdict_ends_the_one_before_and_the_end_ends_it() -> None:
    fake = Alertmanager()
    with serve(fake.app) as address:
        notify(address, (incident(), BAD_MODEL, storage_latency()), (incident(ended=True), BAD_MODEL, None))
    now, former, last = fake.received
    assert [each["labels"]["cause"] for each in (now, former, last)] == [
        "bad-model", "storage-latency", "bad-model",
    ]  # fmt: skip
    assert former["endsAt"] < now["endsAt"]
    assert last["endsAt"] < now["endsAt"]


@pytest.mark.parametrize("verdict", [UNKNOWN, NOTHING], ids=["unknown", "none"])
def test_nobody_is_disturbed_with_nothing(verdict: Verdict) -> None:
    fake = Alertmanager()
    with serve(fake.app) as address:
        notify(address, (incident(), verdict, None))
    assert fake.received == []


def test_a_failure_is_logged_once_and_stops_nothing() -> None:
    fake = Alertmanager()
    fake.broken = True
    with serve(fake.app) as address, capture_logs() as logged:
        notify(address, *[(incident(), storage_latency(), None)] * 3)
    assert [entry["event"] for entry in logged] == ["verdict not sent to Alertmanager"]


def test_without_an_alertmanager_nothing_is_sent() -> None:
    with capture_logs() as logged:
        notify(None, (incident(), storage_latency(), None))
    assert logged == []


def test_the_inbox_does_not_take_its_own_verdicts_for_alerts(tmp_path: Path) -> None:
    own = alert(NAME, "own", labels={"explained": "true"})
    with incidents_service(tmp_path) as client:
        answer = client.post("/webhooks/alerts", json=alertmanager(alert(), own))
        assert answer.json() == {"incidents": [1]}
        [kept] = client.get("/api/incidents").json()["incidents"]
    assert [each["name"] for each in kept["alerts"]] == ["High Storage Latency"]
