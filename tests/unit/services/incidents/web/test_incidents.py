from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.unit.services.incidents.bodies import alert, alertmanager, later
from tests.unit.services.incidents.running import incidents_service

PLACE = {"__dashboardUid__": "recommendation-quality-and-storage", "__panelId__": "4"}


class Links(HTMLParser):
    """Text and address of every link in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._address: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._address = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        if self._address is not None:
            self.found.setdefault(data.strip(), self._address)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._address = None


def post(client: httpx.Client, *alerts: dict[str, Any]) -> None:
    assert client.post("/webhooks/alerts", json=alertmanager(*alerts)).status_code == 200


def test_an_empty_inbox_says_what_will_come_and_how_to_try(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "No incidents yet" in page
    assert "make break FAULT=storage-latency SEVERITY=high" in page


def test_the_inbox_shows_what_a_person_needs(client: httpx.Client) -> None:
    post(client, alert())
    page = client.get("/").text
    for text in (
        "High Storage Latency",
        "Reading features takes 952 ms",
        "Critical",
        "Firing",
        "object storage",
    ):
        assert text in page
    assert "<title>(1) Incidents" in page
    post(client, alert(ends_at=later(4) + timedelta(seconds=20)))
    page = client.get("/").text
    assert "Resolved" in page
    assert "4 min 20 s" in page


def test_older_incidents_are_on_further_pages(client: httpx.Client) -> None:
    for number in range(35):
        post(client, alert(f"Alert {number}", str(number), later(60 * number), later(60 * number + 1)))
    first = client.get("/").text
    second = client.get(Links(first).found["Older incidents"]).text
    assert ("Alert 34" in first, "Alert 5<" in first) == (True, True)
    assert ("Alert 4<" in second, "Alert 0<" in second, "Alert 5<" in second) == (True, True, False)
    assert "Older incidents" not in second


def test_every_answer_forbids_foreign_and_inline_scripts(client: httpx.Client) -> None:
    post(client, alert())
    for path in ("/", "/incidents/1", "/api/incidents", "/static/app.js", "/nowhere"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    page = client.get("/incidents/1").text
    assert " style=" not in page
    assert "onclick" not in page


def test_what_an_alert_says_stays_text(client: httpx.Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    labels = {"severity": evil, "component": evil, evil: evil}
    annotations = {"summary": evil, "description": evil, "runbook_url": "javascript:alert(1)"}
    post(client, alert(evil, labels=labels, annotations=annotations))
    for path in ("/", "/incidents/1"):
        page = client.get(path).text
        assert "<img" not in page
        assert "javascript:" not in page


@pytest.mark.parametrize(
    "path", ["/incidents/1", "/incidents/x", "/traces/xyz", "/runbooks/none", "/nowhere"]
)
def test_what_is_not_there_is_a_page_with_a_way_back(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert Links(answer.text).found["All incidents"] == "/"


def test_links_lead_to_the_time_of_the_incident(tmp_path: Path, runbooks: Path) -> None:
    addresses: dict[str, Any] = {
        "grafana_url": "http://127.0.0.1:3000/",
        "prometheus_ui_url": "http://127.0.0.1:9090",
        "jaeger_ui_url": "http://127.0.0.1:16686",
    }
    with incidents_service(tmp_path, runbooks=runbooks, **addresses) as client:
        post(client, alert(ends_at=later(10), annotations=PLACE))
        links = Links(client.get("/incidents/1").text).found
    dashboard = urlsplit(links["Dashboard in Grafana"])
    assert dashboard.path == "/d/recommendation-quality-and-storage"
    assert parse_qs(dashboard.query) == {
        "from": [str(int(later(-15).timestamp() * 1000))],
        "to": [str(int(later(15).timestamp() * 1000))],
        "viewPanel": ["4"],
    }
    metrics = parse_qs(urlsplit(links["Metrics in Prometheus"]).query)
    assert metrics["g0.range_input"] == ["1800s"]
    assert metrics["g1.end_input"] == ["2026-11-20 21:00:50"]
    traces = parse_qs(urlsplit(links["Slow traces in Jaeger"]).query)
    assert traces["minDuration"] == ["250ms"]
    assert traces["start"] == [str(int(later(-15).timestamp() * 1_000_000))]
    assert links["Runbook"] == "/runbooks/high-storage-latency"


def test_without_their_pages_links_lead_to_the_apis(client: httpx.Client) -> None:
    post(client, alert(annotations=PLACE))
    links = Links(client.get("/incidents/1").text).found
    assert "Dashboard in Grafana" not in links
    for name in ("Hit rate (JSON)", "Storage latency (JSON)", "Slow traces (JSON)"):
        assert httpx.get(links[name], trust_env=False).json()["data"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://wiki.example/page", "https://wiki.example/page"),
        ("http://127.0.0.1:8010/runbooks/not-ours", "http://127.0.0.1:8010/runbooks/not-ours"),
        ("data:text/html,x", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_only_web_addresses_become_runbook_links(
    client: httpx.Client, address: str, shown: str | None
) -> None:
    post(client, alert(annotations={"runbook_url": address}))
    assert Links(client.get("/incidents/1").text).found.get("Runbook") == shown


def test_a_runbook_is_a_page_and_its_html_is_inert(client: httpx.Client) -> None:
    page = client.get("/runbooks/high-storage-latency").text
    assert "<strong>slow</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page


@pytest.mark.parametrize(
    "slug", ["..%2Fsecret", "High-Storage-Latency", "high-storage-latency.md", "a" * 300]
)
def test_only_slugs_name_runbooks(client: httpx.Client, runbooks: Path, slug: str) -> None:
    (runbooks.parent / "secret.md").write_text("secret")
    assert client.get(f"/runbooks/{slug}").status_code == 404
