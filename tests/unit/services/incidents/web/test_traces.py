from pathlib import Path
from typing import Any

import httpx

from services.incidents.web.traces import SHOWN, SLICES
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.fakes import TRACE_ID, FakeSources, span
from tests.unit.services.incidents.running import incidents_service


def post(client: httpx.Client, sent: dict[str, Any]) -> None:
    assert client.post("/webhooks/alerts", json=alertmanager(sent)).status_code == 200


def test_the_slowest_requests_come_first(client: httpx.Client, fake: FakeSources) -> None:
    post(client, alert())
    page = client.get("/incidents/1/slowest").text
    assert page.count("<tr>") == 1 + SHOWN
    assert page.index("290 ms") < page.index("283 ms") < page.index("276 ms")
    assert "905 ms" in page
    assert "popular" in page
    assert fake.searches == ["250ms"] * SLICES


def test_without_slow_requests_the_slowest_others_are_shown(client: httpx.Client, fake: FakeSources) -> None:
    fake.fast = True
    post(client, alert())
    assert "No request was slower than the 250 ms" in client.get("/incidents/1/slowest").text
    assert fake.searches == ["250ms"] * SLICES + [""] * SLICES


def test_a_trace_is_shown_as_a_tree(client: httpx.Client) -> None:
    page = client.get(f"/traces/{TRACE_ID}").text
    names = [
        "GET /recommendations/{user_id}",
        "ai_inference_pipeline",
        "load_features",
        "S3/GetObject",
        "score",
        "rank",
    ]
    places = [page.index(f'<span class="name">{name}<') for name in names]
    assert places == sorted(places)
    assert page.count('class="depth-2"') == 3
    assert "905.4" in page
    assert "the user has the answer" in page


def test_a_broken_trace_is_still_shown(client: httpx.Client, fake: FakeSources) -> None:
    ring = [span("a", "b", "ring a", 10, 5, {}), span("b", "a", "ring b", 11, 5, {})]
    orphan = [span("c", "gone", "orphan", 10, 0, {"error": True})]
    for name, spans in {"1": ring, "2": orphan}.items():
        fake.stored[name * 32] = {"traceID": name * 32, "spans": spans, "processes": {}}
        assert client.get(f"/traces/{name * 32}").status_code == 200
    assert "Error" in client.get(f"/traces/{'2' * 32}").text


def test_a_trace_that_jaeger_does_not_have_is_404(client: httpx.Client) -> None:
    assert client.get(f"/traces/dead{'0' * 28}").status_code == 404


def test_pages_say_that_jaeger_is_away(tmp_path: Path) -> None:
    with incidents_service(tmp_path) as client:
        post(client, alert())
        assert "Jaeger cannot be reached" in client.get("/incidents/1/slowest").text
        answer = client.get(f"/traces/{TRACE_ID}")
        assert answer.status_code == 503
        assert "Jaeger cannot be reached" in answer.text


def test_an_answer_that_is_not_jaegers_is_said_to_be_so(client: httpx.Client, fake: FakeSources) -> None:
    fake.stored["3" * 32] = {"unexpected": True}
    answer = client.get(f"/traces/{'3' * 32}")
    assert answer.status_code == 503
    assert "not its API" in answer.text
