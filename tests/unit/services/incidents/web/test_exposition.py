"""The verdicts that Prometheus reads, for the receivers of alerts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.rules.verdicts import TOLD
from diagnosis import Verdict
from diagnosis.verdict.verdict import Place
from prometheus.series.external import DEPENDENCY_ADDRESS, INCIDENT_VERDICT
from services.incidents.alerts.history import add_verdict
from services.incidents.database.location import open_database
from services.incidents.web.exposition import ADDRESSES, LABELS, LENGTH, VERDICTS, Family, write
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, alertmanager, later
from tests.unit.services.incidents.opinions import BAD_MODEL, storage_latency
from tests.unit.services.incidents.running import forget_everything, incidents_service, serve
from tests.unit.services.incidents.web.test_topology import SHOP, source


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exposition")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[httpx.Client]:
    with incidents_service(folder) as client:
        yield client


@pytest.fixture
def client(running: httpx.Client, folder: Path) -> httpx.Client:
    forget_everything(folder)
    return running


def send(client: httpx.Client, *alerts: dict[str, Any]) -> list[int]:
    answer = client.post("/webhooks/alerts", json=alertmanager(*alerts)).json()
    return [int(incident) for incident in answer["incidents"]]


def explain(folder: Path, incident_id: int, verdict: Verdict) -> None:
    database = open_database(str(folder / "incidents.db"))
    with database.writing() as connection:
        add_verdict(connection, incident_id, datetime.now(UTC), verdict)
    database.close()


def scrape(client: httpx.Client, family: Family = VERDICTS) -> list[tuple[dict[str, str], float]]:
    """Labels and values as Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = re.findall(rf"^{family.name}{{(.*)}} (\S+)$", answer.text, re.MULTILINE)
    return [(dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), float(value)) for labels, value in found]


def test_the_series_is_the_one_that_the_alert_asks_for() -> None:
    assert VERDICTS.name == INCIDENT_VERDICT.name
    assert list(LABELS) == TOLD
    assert set(LABELS) == INCIDENT_VERDICT.labels - {"job", "instance", "component"}


def test_an_incident_is_told_with_verdict_remedy_and_what_it_explains(
    client: httpx.Client, folder: Path
) -> None:
    [incident] = send(client, alert(), alert("Server Errors", "b"))
    assert scrape(client) == []
    explain(folder, incident, storage_latency())
    [(labels, confidence)] = scrape(client)
    assert confidence == 0.93
    assert labels["incident"] == str(incident)
    assert (labels["severity"], labels["domain"], labels["cause"]) == (
        "critical",
        "infrastructure",
        "storage-latency",
    )
    assert labels["entity"] == "object storage"
    assert labels["summary"].startswith("19.8 of the 23.1 points")
    assert "Leave the model alone" in labels["remedy"]
    assert set(labels["alerts"].split(", ")) == {"High Storage Latency", "Server Errors"}


def test_it_is_told_in_the_same_words_as_long_as_the_verdict_is_the_same(
    client: httpx.Client, folder: Path
) -> None:
    """New words would be a new alert, and a message of its own."""
    [incident] = send(client, alert())
    explain(folder, incident, storage_latency())
    [(first, _)] = scrape(client)
    send(client, alert("Server Errors", "b"))
    surer = storage_latency(confidence=0.97).model_copy(update={"summary": "20.1 of the 23.4 points …"})
    explain(folder, incident, surer)
    assert scrape(client) == [(first, 0.97)]


def test_another_verdict_takes_the_place_of_the_former(client: httpx.Client, folder: Path) -> None:
    [incident] = send(client, alert())
    for verdict in (storage_latency(), BAD_MODEL):
        explain(folder, incident, verdict)
        [(labels, _)] = scrape(client)
        assert labels["cause"] == verdict.cause
        assert labels["summary"] == verdict.summary[:LENGTH]


def test_an_incident_that_is_over_is_told_no_more(client: httpx.Client, folder: Path) -> None:
    [incident] = send(client, alert())
    explain(folder, incident, storage_latency())
    send(client, alert(ends_at=later(4)))
    assert scrape(client) == []


def test_the_service_is_the_one_at_fault_or_next_to_it(client: httpx.Client, folder: Path) -> None:
    [incident] = send(client, alert(labels={"service_name": "gateway"}))
    gateway, pricing = (Place(kind="service", name=name) for name in ("gateway", "pricing"))
    database = Place(kind="database", name="postgresql@db:5432")
    told = {"gateway": [], "pricing": [gateway, pricing, database]}
    for service, path in told.items():
        cause = f"seen-from-{service}"
        update = {"entity": database, "path": path, "cause": cause}
        explain(folder, incident, storage_latency().model_copy(update=update))
        [(labels, _)] = scrape(client)
        assert (labels["entity"], labels["service"]) == ("postgresql@db:5432", service)


def test_no_label_is_empty_or_long(client: httpx.Client, folder: Path) -> None:
    [incident] = send(client, alert())
    explain(folder, incident, storage_latency().model_copy(update={"summary": "x " * 999, "remedy": ""}))
    [(labels, _)] = scrape(client)
    assert set(labels) == set(LABELS) and all(labels.values())
    assert len(labels["summary"]) <= LENGTH and labels["summary"].endswith("…")


def test_quotes_backslashes_and_lines_are_escaped() -> None:
    *_, line = write(VERDICTS, [({"summary": 'a "b" \\ c\nd'}, 0.5)]).splitlines()
    assert line == f'{VERDICTS.name}{{summary="a \\"b\\" \\\\ c\\nd"}} 0.5'


def test_a_verdict_that_comes_back_as_an_alert_is_no_incident(client: httpx.Client) -> None:
    own = alert("Incident Explained", "own", labels={"explained": "true"})
    [incident] = send(client, alert(), own)
    kept = client.get(f"/api/incidents/{incident}").json()
    assert [each["name"] for each in kept["alerts"]] == ["High Storage Latency"]
    assert send(client, own) == []


def test_the_map_is_told_which_service_answers_at_an_address(tmp_path: Path) -> None:
    with (
        serve(source(SHOP)) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        eventually("an address", lambda: bool(scrape(client, ADDRESSES)), 30, every=0.2)
        [(labels, value)] = scrape(client, ADDRESSES)
    assert (labels, value) == ({"address": "10.0.0.7:8101", "callee": "pricing"}, 1.0)
    assert ADDRESSES.name == DEPENDENCY_ADDRESS.name
    assert labels.keys() == DEPENDENCY_ADDRESS.labels - {"job", "instance", "component"}
