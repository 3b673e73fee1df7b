"""Two replicas of the inbox on one PostgreSQL, one of which dies, stalls or loses its database."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.postgres import Server
from tests.unit.services.incidents.running import incidents_service
from tests.unit.services.incidents.test_process import Replica, refusal, running

COMMAND = [sys.executable, "-m", "tests.unit.services.incidents.replica"]
INCIDENTS = 24
ALERTS = 4
"""Alerts of an incident, all in one webhook."""

LEADERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted"


@pytest.fixture
def location(server: Server) -> str:
    return server.empty()


@pytest.fixture
def pair(location: str) -> Iterator[tuple[Replica, Replica]]:
    """Two replicas, of which the first leads."""
    with ExitStack() as stack:
        first = stack.enter_context(running(location, COMMAND))
        eventually("the first leads", lambda: find_leader(location), 30, every=0.1)
        yield first, stack.enter_context(running(location, COMMAND))


def find_leader(location: str) -> int | None:
    with psycopg.connect(location) as connection:
        row = connection.execute(LEADERS).fetchone()
        return row[0] if row else None


def ended(number: int, start: datetime) -> list[dict[str, Any]]:
    """Alerts of one incident, ten minutes after those of the one before."""
    begun = start + timedelta(minutes=11 * number)
    return [
        alert(f"Alert {number}", f"{number}-{n}", begun, begun + timedelta(minutes=1)) for n in range(ALERTS)
    ]


def post_with_retry(clients: list[httpx.Client], body: dict[str, Any]) -> None:
    """As Alertmanager does, at another replica after each failure."""
    attempts = iter(range(100))

    def accepted() -> bool:
        client = clients[next(attempts) % len(clients)]
        try:
            return client.post("/webhooks/alerts", json=body).status_code == 200
        except httpx.TransportError:
            return False

    eventually("a replica takes the webhook", accepted, 60, every=0.1)


def list_incidents(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        client.get("/api/incidents?limit=100").raise_for_status().json()["incidents"]
    )
    return found


def is_explained(client: httpx.Client) -> bool:
    incidents = list_incidents(client)
    return bool(incidents) and all(incident["verdict"] for incident in incidents)


def test_no_alert_is_lost_or_doubled_when_the_leader_is_killed(
    pair: tuple[Replica, Replica], location: str
) -> None:
    (first, one), (_, other) = pair
    start = datetime.now(UTC) - timedelta(hours=5)
    for number in range(INCIDENTS):
        clients = [one, other] if number % 2 else [other, one]
        if number == INCIDENTS // 2:
            killer = threading.Timer(0.02, first.kill)
            killer.start()
        post_with_retry(clients, alertmanager(*ended(number, start)))
    killer.join(10)
    eventually("all are explained", lambda: is_explained(other), 60)
    stored = [each["name"] for incident in list_incidents(other) for each in incident["alerts"]]
    assert sorted(stored) == sorted(f"Alert {n}" for n in range(INCIDENTS) for _ in range(ALERTS))
    assert len(list_incidents(other)) == INCIDENTS
    for incident in list_incidents(other):
        [verdict] = other.get(f"/api/incidents/{incident['id']}/verdicts").json()
        assert verdict["made_at"] == verdict["revised_at"], "diagnosed twice"


def test_a_roll_out_loses_nothing_and_always_leaves_one_to_lead(location: str) -> None:
    """As a StatefulSet does it: one is stopped and comes back, then the other."""
    start = datetime.now(UTC) - timedelta(hours=5)
    with ExitStack() as stack:
        pods = [stack.enter_context(running(location, COMMAND)) for _ in range(2)]
        eventually("one leads", lambda: find_leader(location), 30, every=0.1)
        for number in range(4):
            stopped, (_, other) = pods[number % 2], pods[1 - number % 2]
            stopped[0].send_signal(signal.SIGTERM)
            post_with_retry([stopped[1], other], alertmanager(*ended(number, start)))
            assert stopped[0].wait(30) == 0
            eventually("the other leads", lambda: find_leader(location), 30, every=0.1)
            pods[number % 2] = stack.enter_context(running(location, COMMAND))
        for _, client in pods:
            eventually("all are explained", partial(is_explained, client), 60)
            assert len(list_incidents(client)) == 4


def test_another_leads_when_the_leader_stalls_and_goes_on_when_it_is_back(
    pair: tuple[Replica, Replica], location: str
) -> None:
    (first, one), (_, other) = pair
    before = find_leader(location)
    first.send_signal(signal.SIGSTOP)
    try:
        start = datetime.now(UTC) - timedelta(hours=5)
        post_with_retry([other], alertmanager(*ended(0, start)))
        eventually("it is explained", lambda: is_explained(other), 30)
        assert find_leader(location) not in (None, before)
    finally:
        first.send_signal(signal.SIGCONT)
    post_with_retry([one], alertmanager(*ended(1, start)))
    eventually("the next is explained", lambda: is_explained(one), 30)
    assert [len(one.get(f"/api/incidents/{n}/verdicts").json()) for n in (1, 2)] == [1, 1]


def test_what_one_replica_takes_is_pushed_to_the_pages_of_the_other(pair: tuple[Replica, Replica]) -> None:
    (_, one), (_, other) = pair
    with other.stream("GET", "/api/stream") as stream:
        post_with_retry([one], alertmanager(alert()))
        data = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
        assert json.loads(next(data))["alerts"][0]["name"] == "High Storage Latency"


def test_a_database_that_is_away_is_503_in_one_line_until_it_is_back(
    server: Server, location: str, tmp_path: Any
) -> None:
    with incidents_service(tmp_path, incidents_database=location) as client:
        server.stop()
        try:
            answers = [
                client.post("/webhooks/alerts", json=alertmanager(alert())),
                client.get("/readyz"),
                client.get("/api/incidents"),
            ]
            page = client.get("/")
        finally:
            server.start()
        assert [answer.status_code for answer in (*answers, page)] == [503] * 4
        for answer in answers:
            assert answer.json()["detail"].startswith("the incident database is away: ")
            assert "\n" not in answer.json()["detail"]
        assert "gives no connection within 3 s" in answers[1].json()["detail"]
        assert "the incident database is away" in page.text
        post_with_retry([client], alertmanager(alert()))
        assert len(list_incidents(client)) == 1


def test_a_server_that_cannot_be_reached_stops_the_start_in_one_line_without_the_password() -> None:
    line = refusal("postgresql://whence:hidden@127.0.0.1:9/inbox")
    assert line.startswith("incidents: cannot open postgresql://127.0.0.1:9/inbox: ")
    assert "hidden" not in line


def test_another_kind_of_database_is_refused() -> None:
    assert "INCIDENTS_DATABASE" in refusal("mysql://127.0.0.1/inbox")


def test_a_text_that_postgresql_cannot_store_is_stored_without_it(location: str, tmp_path: Any) -> None:
    with incidents_service(tmp_path, incidents_database=location) as client:
        post_with_retry([client], alertmanager(alert("Nul \0 in it", "a\0b")))
        client.post("/webhooks/alerts", content=b"not \0 JSON")
        assert list_incidents(client)[0]["alerts"][0]["name"] == "Nul \ufffd in it"
        assert client.get("/api/dead-letters").json()[0]["content"] == "not \ufffd JSON"
