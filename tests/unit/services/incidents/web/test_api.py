import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from structlog.testing import capture_logs

from services.incidents import stream as stream_module
from services.incidents.alerts import webhooks
from services.incidents.incident import Incident
from tests.unit.services.incidents.bodies import START, alert, alertmanager, grafana, later, no_data
from tests.unit.services.incidents.fakes import FakeSources
from tests.unit.services.incidents.running import forget_everything, incidents_service, serve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[httpx.Client]:
    with incidents_service(folder) as client:
        yield client


@pytest.fixture
def client(service: httpx.Client, folder: Path) -> httpx.Client:
    forget_everything(folder)
    return service


def post(client: httpx.Client, *alerts: dict[str, Any]) -> httpx.Response:
    return client.post("/webhooks/alerts", json=alertmanager(*alerts))


def count(client: httpx.Client) -> int:
    return len(client.get("/api/incidents").json()["incidents"])


def test_a_webhook_is_given_back_in_the_contracts_form(client: httpx.Client) -> None:
    assert post(client, alert(), alert("Other", "b", later(1), later(2))).json() == {"incidents": [1]}
    incident = client.get("/api/incidents/1").json()
    assert {key: incident[key] for key in ("id", "status", "started_at", "ended_at", "verdict")} == {
        "id": 1,
        "status": "firing",
        "started_at": "2026-11-20T20:45:50Z",
        "ended_at": None,
        "verdict": None,
    }
    assert [set(one) for one in incident["alerts"]] == 2 * [
        {"name", "status", "severity", "starts_at", "ends_at", "labels", "annotations"}
    ]
    assert incident["alerts"][1]["ends_at"] == "2026-11-20T20:47:50Z"
    assert client.get("/api/incidents").json()["incidents"] == [incident]


def test_grafanas_no_data_is_named_after_its_rule(client: httpx.Client) -> None:
    client.post("/webhooks/alerts", json=grafana(no_data("Model Quality")))
    assert client.get("/api/incidents/1").json()["alerts"][0]["name"] == "Model Quality"
    assert "No data" in client.get("/").text


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Bearer \u00e9", "Basic a-token-for-tests"]
)
def test_without_the_token_nothing_is_taken(client: httpx.Client, header: str | None) -> None:
    headers = [(b"Authorization", (header or "").encode())]
    request = client.build_request("POST", "/webhooks/alerts", json=alertmanager(alert()), headers=headers)
    if header is None:
        del request.headers["Authorization"]
    assert client.send(request).status_code == 401
    assert count(client) == 0


def test_a_malformed_body_is_logged_in_one_line_and_not_stored(client: httpx.Client) -> None:
    with capture_logs() as logged:
        answer = client.post("/webhooks/alerts", json=alertmanager({**alert(), "status": "pending"}))
    assert answer.status_code == 400
    assert "alerts.0.status" in answer.json()["detail"]
    assert count(client) == 0
    assert [entry["event"] for entry in logged] == ["webhook refused"]
    assert "\n" not in logged[0]["reason"]


def test_one_bad_alert_does_not_lose_the_others(client: httpx.Client) -> None:
    answer = post(client, alert(), {**alert(fingerprint="b"), "labels": None}, alert("Late", "c", later(60)))
    assert answer.status_code == 200
    assert answer.json() == {
        "incidents": [1],
        "refused": ["alerts.1.labels: Input should be an object"],
    }
    taken = client.get("/api/incidents/1").json()["alerts"]
    assert [each["name"] for each in taken] == ["High Storage Latency", "Late"]
    (letter,) = client.get("/api/dead-letters").json()
    assert (letter["kind"], letter["reason"], letter["count"]) == (
        "alert",
        "alerts.1.labels: Input should be an object",
        1,
    )
    assert json.loads(letter["content"])["fingerprint"] == "b"


@pytest.mark.parametrize(
    "bad",
    [
        {"annotations": {"summary": "caf\u00e9 \ud800"}},
        {"labels": {"alertname": "Half", "\udc00": "x"}},
        {"unknown": json.loads("[" * 500 + "]" * 500)},
    ],
    ids=["a text", "a name", "deep"],
)
def test_an_alert_that_no_database_takes_does_not_lose_the_others(
    client: httpx.Client, bad: dict[str, object]
) -> None:
    body = json.dumps(alertmanager(alert(), alert(fingerprint="b") | bad, alert("Late", "c", later(1))))
    answer = client.post("/webhooks/alerts", content=body)
    assert (answer.status_code, answer.json()["incidents"]) == (200, [1])
    taken = client.get("/api/incidents/1").json()["alerts"]
    assert [each["name"] for each in taken] == ["High Storage Latency", "Late"]
    (letter,) = client.get("/api/dead-letters").json()
    assert letter["reason"].startswith("alerts.1: has half of a surrogate pair")
    assert (letter["kind"], letter["count"]) == ("alert", 1)
    assert '"fingerprint": "b"' in letter["content"]
    assert "caf\u00e9 \\ud800" in letter["content"] or "annotations" not in bad


def test_a_body_that_cannot_be_used_is_kept_with_the_reason(client: httpx.Client) -> None:
    for body in (b"", b"<xml/>", b"payload=%7B%7D"):
        assert client.post("/webhooks/alerts", content=body).status_code == 400
    letters = client.get("/api/dead-letters").json()
    assert [letter["content"] for letter in letters] == ["payload=%7B%7D", "<xml/>", ""]
    assert [letter["kind"] for letter in letters] == ["body"] * 3
    assert letters[-1]["reason"] == "body: is empty"
    page = client.get("/dead-letters").text
    assert "&lt;xml/&gt;" in page and "body: is empty" in page
    assert client.get("/api/dead-letters?limit=1").json() == letters[:1]


def test_hostile_content_is_shown_as_text(client: httpx.Client) -> None:
    script = "<script>alert(1)</script>"
    hostile = {"alertname": f"</code></pre>{script}", script: {}}
    post(client, {**alert(), "labels": hostile})
    client.post("/webhooks/alerts", content=f'"&quot;{script}'.encode())
    reasons = [letter["reason"] for letter in client.get("/api/dead-letters").json()]
    assert reasons[1] == f"alerts.0.labels.{script}: Input should be a valid string"
    page = client.get("/dead-letters").text
    assert script not in page and "</pre>&" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_rejected_alerts_are_linked_from_every_page(client: httpx.Client) -> None:
    assert 'href="/dead-letters"' in client.get("/").text
    assert "Nothing was rejected" in client.get("/dead-letters").text


def test_the_content_type_does_not_matter(client: httpx.Client) -> None:
    body = json.dumps(alertmanager(alert())).encode()
    for number, kind in enumerate(("text/plain", "application/x-www-form-urlencoded", "")):
        answer = client.post("/webhooks/alerts", content=body, headers={"Content-Type": kind})
        assert answer.json() == {"incidents": [1] if number == 0 else []}


def test_more_alerts_than_one_webhook_may_hold_are_counted(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_ALERTS", 10)
    answer = post(client, *(alert("Flood", f"{number:x}") for number in range(35)))
    assert answer.status_code == 200
    assert answer.json()["refused"] == [
        "25 alerts beyond 10 in one webhook: set max_alerts, or group by more labels"
    ]
    stored = [len(each["alerts"]) for each in client.get("/api/incidents").json()["incidents"]]
    assert sum(stored) == 10
    (letter,) = client.get("/api/dead-letters").json()
    assert letter["count"] == 25


def test_dead_letters_are_bounded(client: httpx.Client) -> None:
    bad = {"labels": {"alertname": "x" * 3_900, "more": {}}}
    for _ in range(12):
        post(client, *({**alert(), **bad} for _ in range(25)))
    letters = client.get("/api/dead-letters?limit=200").json()
    assert len(letters) == 200
    assert letters[0]["count"] == 5
    assert max(len(letter["content"]) for letter in letters) <= 4_000


def test_what_the_sender_left_out_and_a_clock_ahead_are_said_on_the_page(client: httpx.Client) -> None:
    ahead = {**alert(), "startsAt": "2136-11-20T10:12:13Z"}
    body = {**alertmanager(ahead), "truncatedAlerts": 250}
    for _ in range(2):
        client.post("/webhooks/alerts", json=body)
    assert count(client) == 1
    incident = client.get("/api/incidents/1").json()
    assert len(incident["alerts"]) == 1
    assert incident["started_at"] < "2136"
    page = client.get("/incidents/1").text
    assert "The sender truncated this webhook: 250 more alerts are missing here." in page
    assert "clock is ahead: it sent 2136-11-20T10:12:13+00:00 as the start" in page
    client.post("/webhooks/alerts", json=alertmanager({**ahead, "status": "resolved"}))
    assert client.get("/api/incidents/1").json()["status"] == "resolved"


def test_a_body_over_eight_mebibytes_is_refused(client: httpx.Client) -> None:
    body = json.dumps(alertmanager(alert(annotations={"summary": "x" * (8 << 20)})))
    assert client.post("/webhooks/alerts", content=body).status_code == 413
    chunks = iter([body[:1000].encode(), body[1000:].encode()])
    assert client.post("/webhooks/alerts", content=chunks).status_code == 413
    assert count(client) == 0
    assert [letter["kind"] for letter in client.get("/api/dead-letters").json()] == ["too_large"] * 2


def test_pages_of_incidents_hold_each_once_newest_first(client: httpx.Client) -> None:
    for number in range(7):
        post(client, alert(f"Alert {number}", str(number), later(60 * number), later(60 * number + 1)))
    seen, before = [], None
    for _ in range(4):
        page = client.get(
            "/api/incidents", params={"limit": 3} | ({"before": before} if before else {})
        ).json()
        seen += [incident["id"] for incident in page["incidents"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=0", "before=99999999999999999999"]
)
def test_impossible_pages_are_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/api/incidents?{query}").status_code == 422


@pytest.mark.parametrize(
    "path", ["/api/incidents/1", "/api/incidents/1/charts", f"/api/incidents/{2**63 - 1}"]
)
def test_an_unknown_incident_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "no incident" in answer.json()["detail"]


def test_health(client: httpx.Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


@contextmanager
def events(client: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    """The incidents pushed to an open stream."""
    with client.stream("GET", "/api/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (
            json.loads(line.removeprefix("data: "))
            for line in answer.iter_lines()
            if line.startswith("data: ")
        )


def test_changes_are_pushed_to_every_open_stream(client: httpx.Client) -> None:
    with events(client) as first, events(client) as second:
        post(client, alert())
        post(client, alert())
        post(client, alert(ends_at=later(3)))
        for stream in (first, second):
            assert [next(stream)["status"] for _ in range(2)] == ["firing", "resolved"]


def test_streams_are_bounded_and_freed(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "SUBSCRIBERS", 1)
    with free_stream(client):
        assert client.get("/api/stream").status_code == 503
    with free_stream(client):
        pass


@contextmanager
def free_stream(client: httpx.Client) -> Iterator[None]:
    """An open stream, as soon as those that were closed no longer count."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with client.stream("GET", "/api/stream") as answer:
            if answer.status_code == 200:
                yield
                return
    pytest.fail("a closed stream still counts")


def test_a_slow_stream_loses_the_oldest_change(client: httpx.Client) -> None:
    stream = stream_module.Stream()
    post(client, alert())
    incident = client.get("/api/incidents/1").json()

    async def read_late() -> list[int]:
        with stream.subscribe() as changes:
            for number in range(stream_module.BACKLOG + 5):
                stream.publish(Incident.model_construct(**{**incident, "id": number}))
            changed = [await anext(changes) for _ in range(stream_module.BACKLOG)]
            return [change.id for change in changed if isinstance(change, Incident)]

    assert anyio.run(read_late) == list(range(5, stream_module.BACKLOG + 5))


def test_charts_hold_both_curves_and_what_changed(tmp_path: Path) -> None:
    fake = FakeSources(trouble=START.timestamp(), mended=later(10).timestamp())
    with serve(fake.app) as address, incidents_service(tmp_path, prometheus_url=address) as client:
        post(client, alert(ends_at=later(10)))
        charts = client.get("/api/incidents/1/charts").json()
    assert (charts["started_at"], charts["ended_at"]) == (START.timestamp(), later(10).timestamp())
    assert (charts["start"], charts["end"]) == (later(-15).timestamp(), later(15).timestamp())
    assert charts["quality"]["during"] < 0.6 * charts["quality"]["before"]
    assert charts["latency"]["during"] > 10 * charts["latency"]["before"]
    assert 100 < len(charts["quality"]["points"]) <= 241
    assert charts["deadline_ms"] == 250


def test_charts_of_a_long_incident_stay_bounded(tmp_path: Path) -> None:
    with serve(FakeSources().app) as address, incidents_service(tmp_path, prometheus_url=address) as client:
        post(client, alert(ends_at=later(60 * 24 * 30)))
        assert len(client.get("/api/incidents/1/charts").json()["latency"]["points"]) <= 241


def test_charts_say_that_prometheus_is_away(client: httpx.Client) -> None:
    post(client, alert())
    answer = client.get("/api/incidents/1/charts")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("Prometheus cannot be reached at http://127.0.0.1:9")
