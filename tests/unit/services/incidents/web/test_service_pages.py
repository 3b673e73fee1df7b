"""An incident of a made-up shop, diagnosed by its telemetry: what the page and the API say of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from diagnosis import Verdict
from prometheus.client import MARK
from services.incidents.diagnosing.client import Explain
from services.incidents.web.traces import FEWER
from tests.e2e.live import eventually
from tests.unit.diagnosis.packs.models.test_causes import failing, faulty
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.opinions import Oracle, opinion
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.shop import (
    DATABASE,
    GATEWAY,
    PRICING,
    PRICING_UNREACHABLE,
    SLOW_DATABASE,
    FakeShop,
    State,
)
from tests.unit.services.incidents.web.test_incidents import Links

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=6)
PAGES: dict[str, Any] = {
    "grafana_url": "http://127.0.0.1:3000",
    "prometheus_ui_url": "http://127.0.0.1:9090",
    "jaeger_ui_url": "http://127.0.0.1:16686",
}


@contextmanager
def incident(
    folder: Path, trouble: State, explain: Explain | None = None, **settings: Any
) -> Iterator[tuple[httpx.Client, FakeShop, Verdict]]:
    """An incident of the gateway with its verdict."""
    fake = FakeShop((BEGAN - timedelta(seconds=50)).timestamp(), trouble)
    sent = alert("Requests Slow", starts_at=BEGAN, labels={"service_name": GATEWAY})
    with serve(fake.app) as address:
        sources = {"prometheus_url": address, "jaeger_url": address, **settings}
        with incidents_service(folder, explain=explain, **sources) as client:
            client.post("/webhooks/alerts", json=alertmanager(sent)).raise_for_status()
            found = eventually("a verdict", lambda: client.get("/api/incidents/1").json()["verdict"])
            yield client, fake, Verdict.model_validate(found)


def read(client: httpx.Client, path: str) -> str:
    """The text of a page, in one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", client.get(path).text)))


def test_a_slow_database_is_shown_from_the_symptom_to_the_cause(tmp_path: Path) -> None:
    with incident(tmp_path, SLOW_DATABASE, **PAGES) as (client, fake, verdict):
        assert [place.name for place in verdict.path] == [GATEWAY, PRICING, DATABASE]
        text, page = read(client, "/incidents/1"), client.get("/incidents/1").text
        suspect = client.get("/incidents/1/suspect").text
        slowest = read(client, "/incidents/1/slowest")
        charts = client.get("/api/incidents/1/charts").json()
        asked = {"service": PRICING}
        of_pricing = client.get("/api/incidents/1/charts", params=asked).raise_for_status().json()
        cited = verdict.traces[0]
        trace = client.get(f"/traces/{cited.trace_id}", params={"suspect": cited.span_id}).text
    for step in ("takes 54 ms → , now 618 ms", "takes 38 ms → , now 974 ms", "takes 12 ms → , now 480 ms"):
        assert step in text
    assert page.count("data-points=") == 3
    assert "Hit rate" not in page and "storage deadline" not in slowest
    assert len(verdict.traces) == 5
    for shown in (suspect, trace):
        [row] = re.findall(r'<tr class="[^"]*suspected">.*?</tr>', shown, re.DOTALL)
        assert "SELECT shop" in row
    assert "Requests to shop-gateway that took more than 336 ms" in slowest
    assert charts["service"] == GATEWAY
    assert charts["latency"]["during"] > 5 * charts["latency"]["before"]
    assert charts["failures"]["during"] == pytest.approx(0.001, rel=0.1)
    assert charts["requests"]["during"] == pytest.approx(10, rel=0.1)
    assert of_pricing["service"] == PRICING
    assert of_pricing["requests"]["during"] == pytest.approx(6, rel=0.1)
    assert name_charts(page) == [PRICING, GATEWAY], "the cause first"
    assert "Requests to shop-pricing that took more than 506 ms" in slowest
    assert slowest.count("GET /prices") == slowest.count("GET /products/{product}") == FEWER
    assert slowest.index("GET /prices") < slowest.index("GET /products/{product}")


def name_charts(page: str) -> list[str]:
    """The services whose charts are on a page; empty for the recommender's own."""
    return re.findall(r'data-charts="/api/incidents/\d+/charts(?:\?service=([^"]*))?"', page)


def test_links_lead_to_the_services_of_the_path(tmp_path: Path) -> None:
    with incident(tmp_path, SLOW_DATABASE, **PAGES) as (client, _, verdict):
        links = Links(client.get("/incidents/1").text).found
        suspect = Links(client.get("/incidents/1/suspect").text).found
    for service in (GATEWAY, PRICING):
        for name in (service, f"{service} in Grafana"):
            dashboard = urlsplit(links[name])
            assert dashboard.path == "/d/service"
            assert parse_qs(dashboard.query)["var-service_name"] == [service]
    metrics = parse_qs(urlsplit(links["Metrics in Prometheus"]).query)
    assert all(f'service_name="{GATEWAY}"' in metrics[f"g{n}.expr"][0] for n in range(3))
    slow = parse_qs(urlsplit(links["Slow traces in Jaeger"]).query)
    assert (slow["service"], slow["minDuration"]) == ([GATEWAY], ["336ms"])
    assert suspect["Open in Jaeger"] == f"http://127.0.0.1:16686/trace/{verdict.traces[0].trace_id}"


def test_a_call_that_fails_is_the_cause_between_two_services(tmp_path: Path) -> None:
    with incident(tmp_path, PRICING_UNREACHABLE, **PAGES) as (client, fake, verdict):
        text = read(client, "/incidents/1")
        page = client.get("/incidents/1").text
        suspect = client.get("/incidents/1/suspect").text
        slowest = read(client, "/incidents/1/slowest")
        links = Links(page).found
    assert verdict.cause == "dependency-unreachable"
    assert "calls fail 0% → , now 56% Cause Service shop-pricing fails 0% → , now 0%" in text
    [row] = re.findall(r'<tr class="[^"]*suspected">.*?</tr>', suspect, re.DOTALL)
    assert "ConnectError" in row
    assert "Failed requests to shop-gateway during the incident" in slowest
    tags = parse_qs(urlsplit(links["Failed traces in Jaeger"]).query)["tags"]
    assert tags == ['{"error": "true"}']
    sought = {search["tags"] for search in fake.searches if "server.address" not in search["tags"]}
    assert sought - {""} == {'{"error": "true"}'}


def test_a_diagnosis_asks_little(tmp_path: Path) -> None:
    with incident(tmp_path, SLOW_DATABASE) as (_, fake, _):
        asked = [len(re.findall(f'"{MARK}"', query)) for query in fake.queries]
    assert len(asked) <= 7
    assert sum(asked) < 30
    assert len(fake.searches) <= 4 + 2 * 4, "to cite; of an unknown address, for the diagnosis and the map"


def test_without_jaeger_there_is_a_verdict_without_traces(tmp_path: Path) -> None:
    with incident(tmp_path, SLOW_DATABASE, jaeger_url="http://127.0.0.1:9") as (client, _, verdict):
        assert verdict.cause == "dependency-slow"
        assert verdict.traces == []
        assert client.get("/incidents/1/suspect").text == ""


def place(name: str) -> dict[str, str]:
    return {"kind": "service", "name": name}


def test_a_verdict_stored_before_statements_named_entities_is_still_drawn(tmp_path: Path) -> None:
    old: dict[str, Any] = {
        "entity": place(PRICING),
        "path": [place(GATEWAY), place(PRICING)],
        "evidence": [{"statement": "It is slow.", "query": "up", "before": 1, "after": 2, "unit": "s"}],
        "traces": [{"trace_id": "a" * 16 + f"{int(BEGAN.timestamp()):016x}"}],
    }
    explain = Oracle(opinion("release", "release-slow", 0.8, "It is slow.", **old))
    with incident(tmp_path, SLOW_DATABASE, explain) as (client, _, _):
        text = read(client, "/incidents/1")
        assert "suspected" not in client.get("/incidents/1/suspect").text
    assert re.search("Symptom shop-gateway shop-gateway calls shop-pricing: Service Cause shop-pricing", text)


def test_names_of_services_stay_text_in_queries_and_pages(tmp_path: Path) -> None:
    evil = 'a"} or up{x="<b>\\'
    fake = FakeShop(BEGAN.timestamp())
    with (
        serve(fake.app) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address, **PAGES) as client,
    ):
        sent = alert(starts_at=BEGAN, labels={"service_name": evil})
        client.post("/webhooks/alerts", json=alertmanager(sent)).raise_for_status()
        assert client.get("/api/incidents/1/charts").status_code == 200
        assert "<b>\\" not in client.get("/incidents/1").text
    assert all('service_name="a\\"} or up{x=\\"<b>\\\\"' in query for query in fake.queries)


def test_a_model_is_shown_with_what_it_lost_and_the_source_that_is_at_fault(tmp_path: Path) -> None:
    verdict = failing(faulty("missing")["high"], "ConnectionRefusedError").verdict()
    with incident(tmp_path, SLOW_DATABASE, explain=Oracle(verdict)) as (client, _, shown):
        text, charts = read(client, "/incidents/1"), client.get("/api/incidents/1/charts").json()
        page = client.get("/incidents/1").text
    assert shown == verdict
    assert 'href="/models/scoring/fraud"' in page
    for step in (
        "Model Symptom fraud",
        "Service scoring",
        "Cache Cause redis",
        "fraud is run by scoring",
        "fails 0% → , now 50%",
    ):
        assert step in text
    assert re.search(r"accuracy 90\.\d% → , now 57\.\d%", text)
    assert re.search(r"Accuracy 90\.\d% → 57\.\d%: where the 32\.\d points lost came from", text)
    assert "values of orders are missing" in text
    assert charts["service"] == "scoring", "requests of the service, as a model has none"


def chain(*names: str) -> Oracle:
    """A verdict on the last of services that call each other."""
    path = [place(name) for name in names]
    return Oracle(opinion("release", "release-slow", 0.8, "It is slow.", entity=path[-1], path=path))


def test_of_a_long_path_the_services_next_to_the_cause_are_shown_and_the_symptom(tmp_path: Path) -> None:
    names = [f"service-{number}" for number in range(7)]
    with incident(tmp_path, SLOW_DATABASE, chain(*names)) as (client, fake, _):
        page = client.get("/incidents/1").text
        client.get("/incidents/1/slowest").raise_for_status()
        charts = {name: client.get(f"/api/incidents/1/charts?service={name}").status_code for name in names}
        assert {each["service"] for each in fake.searches} <= {GATEWAY, PRICING, *name_charts(page)}
    assert name_charts(page) == ["service-6", "service-5", "service-4", "service-0"]
    assert [name for name, status in charts.items() if status == 404] == [
        "service-1",
        "service-2",
        "service-3",
    ]


def test_the_recommender_on_the_path_of_another_service_is_shown_by_its_requests(tmp_path: Path) -> None:
    with incident(tmp_path, SLOW_DATABASE, chain(GATEWAY, "recommender")) as (client, _, _):
        page, slowest = client.get("/incidents/1").text, read(client, "/incidents/1/slowest")
    assert name_charts(page) == ["recommender", GATEWAY]
    assert "User impact and storage" not in page and "storage deadline" not in slowest
