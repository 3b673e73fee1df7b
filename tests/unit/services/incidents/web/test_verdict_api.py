"""Verdicts over HTTP: asked for, kept with an incident, pushed to open pages."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from prometheus.client import SourceAway
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, alertmanager, write_time
from tests.unit.services.incidents.fakes import FakeSources
from tests.unit.services.incidents.opinions import BAD_MODEL, NOTHING, Oracle, storage_latency
from tests.unit.services.incidents.running import incidents_service, serve

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(minutes=2)


def window(minutes: float, until: datetime = NOW) -> dict[str, Any]:
    return {"start": write_time(until - timedelta(minutes=minutes)), "end": write_time(until)}


@contextmanager
def explained(folder: Path, *verdicts: Any) -> Iterator[tuple[httpx.Client, Oracle]]:
    oracle = Oracle(*verdicts)
    with incidents_service(folder, explain=oracle) as client:
        yield client, oracle


def post(client: httpx.Client, *alerts: dict[str, Any]) -> None:
    client.post("/webhooks/alerts", json=alertmanager(*alerts)).raise_for_status()


def wait_for_verdict(client: httpx.Client) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if verdict := client.get("/api/incidents/1").json()["verdict"]:
            assert isinstance(verdict, dict)
            return verdict
    pytest.fail("no verdict within 10 s")


def test_an_incident_has_its_verdict_within_ten_seconds_of_the_alert(tmp_path: Path) -> None:
    with explained(tmp_path, storage_latency()) as (client, oracle):
        post(client, alert(starts_at=BEGAN))
        assert wait_for_verdict(client) == storage_latency().model_dump(mode="json")
        [kept] = client.get("/api/incidents/1/verdicts").json()
    assert (kept["verdict"]["cause"], set(kept)) == ("storage-latency", {"made_at", "revised_at", "verdict"})
    assert oracle.asked[0][0] == (BEGAN - timedelta(minutes=15)).timestamp()


def test_the_list_leaves_the_curves_out(tmp_path: Path) -> None:
    with explained(tmp_path, storage_latency()) as (client, _):
        post(client, alert(starts_at=BEGAN))
        wait_for_verdict(client)
        [incident] = client.get("/api/incidents").json()["incidents"]
    assert incident["verdict"]["evidence"][0]["after"] == 0.905
    assert "points" not in incident["verdict"]["evidence"][0]


def test_a_verdict_survives_a_restart(tmp_path: Path) -> None:
    with explained(tmp_path, storage_latency()) as (client, _):
        post(client, alert(starts_at=BEGAN))
        wait_for_verdict(client)
    with incidents_service(tmp_path) as client:
        assert client.get("/api/incidents/1").json()["verdict"]["cause"] == "storage-latency"


def test_a_new_verdict_is_pushed(tmp_path: Path) -> None:
    with (
        explained(tmp_path, storage_latency()) as (client, _),
        client.stream("GET", "/api/stream") as stream,
    ):
        post(client, alert(starts_at=BEGAN))
        lines = stream.iter_lines()
        next(line for line in lines if line == "event: verdict")
        data = next(line for line in lines if line.startswith("data: "))
    pushed = json.loads(data.removeprefix("data: "))
    assert (pushed["incident_id"], pushed["new"], pushed["verdict"]["domain"]) == (1, True, "infrastructure")


def test_a_diagnosis_of_any_window_can_be_asked_for(tmp_path: Path) -> None:
    with explained(tmp_path, BAD_MODEL) as (client, oracle):
        answer = client.post("/api/diagnoses", json=window(30))
        assert (answer.status_code, answer.json()["cause"]) == (200, "bad-model")
        seconds = {"start": NOW.timestamp() - 600, "end": NOW.timestamp()}
        assert client.post("/api/diagnoses", json=seconds).status_code == 200
    assert oracle.asked == [
        (NOW.timestamp() - 1800, NOW.timestamp(), None),
        (NOW.timestamp() - 600, NOW.timestamp(), None),
    ]


@pytest.mark.parametrize(
    ("fired", "asked", "domain"),
    [
        ({}, {}, "unknown"),
        ({}, {"services": ["gateway"]}, "unknown"),
        ({}, {"services": ["orders"]}, "none"),
        ({"ends_at": NOW - timedelta(minutes=10)}, {}, "unknown"),
        ({"ends_at": NOW - timedelta(minutes=16)}, {}, "none"),
        ({"starts_at": NOW + timedelta(seconds=1)}, {}, "none"),
        ({"labels": {"impact": "possible"}}, {}, "none"),
    ],
    ids=["fires", "of that service", "of another", "fired", "fired before", "fires later", "of no users"],
)
def test_no_window_in_which_users_were_affected_has_nothing(
    tmp_path: Path, fired: dict[str, Any], asked: dict[str, Any], domain: str
) -> None:
    labels = {"service_name": "gateway", "impact": "user"} | fired.pop("labels", {})
    with explained(tmp_path, NOTHING) as (client, _):
        post(
            client,
            alert("Requests Slow", **{"starts_at": NOW - timedelta(minutes=20), **fired}, labels=labels),
        )
        found = client.post("/api/diagnoses", json=window(15) | asked).raise_for_status().json()
    assert found["domain"] == domain
    told = found["summary"].startswith("Requests Slow fired, so users were affected.")
    assert told == (domain == "unknown")
    assert found["summary"].endswith(NOTHING.summary)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"start": write_time(NOW)},
        {"start": "yesterday", "end": write_time(NOW)},
        {"start": "2026-11-20T20:00:00", "end": "2026-11-20T21:00:00"},
        window(0),
        window(-5),
        window(361),
        window(30, NOW + timedelta(minutes=20)),
        {"start": 1e308, "end": 1e309},
        {"start": -100, "end": -50},
        {"start": math.nan, "end": math.nan},
        "window",
    ],
    ids=[
        "nothing",
        "no end",
        "no moment",
        "no time zone",
        "empty",
        "backwards",
        "over six hours",
        "in the future",
        "beyond all dates",
        "before all telemetry",
        "no number of JSON",
        "no object",
    ],
)
def test_a_window_that_cannot_be_is_refused(tmp_path: Path, body: object) -> None:
    with explained(tmp_path, NOTHING) as (client, oracle):
        answer = client.post("/api/diagnoses", content=json.dumps(body))
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["msg"]
    assert oracle.asked == []


def test_without_prometheus_a_diagnosis_is_503_in_one_line(tmp_path: Path) -> None:
    with incidents_service(tmp_path, explain=None) as client:
        answer = client.post("/api/diagnoses", json=window(30))
    assert answer.status_code == 503
    assert answer.json() == {"detail": "Prometheus cannot be reached at http://127.0.0.1:9."}


def test_the_real_diagnosis_answers_with_a_verdict(tmp_path: Path) -> None:
    with (
        serve(FakeSources(trouble=BEGAN.timestamp()).app) as address,
        incidents_service(tmp_path, explain=None, prometheus_url=address, jaeger_url=address) as client,
    ):
        answer = client.post("/api/diagnoses", json=window(15))
    assert answer.status_code == 200, answer.text
    assert answer.json()["evidence"]


def test_a_prometheus_that_answers_no_question_gives_no_verdict(tmp_path: Path) -> None:
    with (
        serve(FakeSources(refuses=True).app) as address,
        incidents_service(tmp_path, explain=None, prometheus_url=address, jaeger_url=address) as client,
    ):
        answer = client.post("/api/diagnoses", json=window(15))
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "Prometheus answered none of the questions about this time.",
    )


def test_webhooks_do_not_wait_for_a_diagnosis(tmp_path: Path) -> None:
    with incidents_service(tmp_path) as client:
        for number in range(5):
            started = time.monotonic()
            post(client, alert(str(number), str(number), BEGAN))
            assert time.monotonic() - started < 2
        assert client.get("/api/incidents/1").json()["verdict"] is None


def test_history_of_an_unknown_incident_is_404(tmp_path: Path) -> None:
    with explained(tmp_path, NOTHING) as (client, _):
        assert client.get("/api/incidents/7/verdicts").status_code == 404


def test_no_verdict_without_metrics_is_no_verdict(tmp_path: Path) -> None:
    with explained(tmp_path, SourceAway("Prometheus cannot be reached.")) as (client, _):
        post(client, alert(starts_at=BEGAN))
        deadline = time.monotonic() + 10
        while "No verdict without evidence" not in client.get("/incidents/1").text:
            assert time.monotonic() < deadline
        assert client.get("/api/incidents/1").json()["verdict"] is None


def test_the_stacks_own_trouble_is_told_from_that_of_a_service(tmp_path: Path) -> None:
    first = alert("Server Errors", "one", starts_at=BEGAN, labels={"service_name": "checkout"})
    later = BEGAN + timedelta(minutes=1)
    second = alert("Storage Errors", "two", starts_at=later, labels={"service_name": "recommender"})
    with explained(tmp_path, storage_latency()) as (client, oracle):
        post(client, first)
        wait_for_verdict(client)
        assert (oracle.asked[0][2], list(oracle.services[0])) == (BEGAN.timestamp(), ["checkout"])
        post(client, second)
        eventually("another diagnosis", lambda: ["recommender"] in oracle.services, 30)
        place = oracle.services.index(["recommender"])
        assert oracle.asked[place][2] == later.timestamp()
        assert len(client.get("/api/incidents").json()["incidents"]) == 2
