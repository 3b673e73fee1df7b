"""The catalogue: models that are watched, that reported, and that a trainer told of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.served import DATA_SET, NEW, OLD, RETRAINED, FakeServed, tell
from tests.unit.services.incidents.watched import CHECKOUT, DELIVERY
from tests.unit.services.incidents.web.test_incidents import Links
from tests.unit.services.incidents.web.test_lineage import read


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    sources = FakeServed()
    with (
        serve(sources.app) as address,
        incidents_service(folder, prometheus_url=address, jaeger_url=address, **tell(folder)) as client,
    ):
        yield client


def catalogue(client: httpx.Client) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Versions by name, by service and model."""
    found = client.get("/api/catalogue").raise_for_status().json()
    assert found["missing"] == []
    return {
        (each["service"], each["model"]): {one["version"]: one for one in each["versions"]}
        for each in found["models"]
    }


def test_r24_every_model_is_found_with_its_versions_cards_and_online_measures(client: httpx.Client) -> None:
    found = catalogue(client)
    assert found.keys() == {
        ("recommender", "recommendations"),
        (CHECKOUT, "fraud"),
        (DELIVERY, "team/arrival"),
        ("other", "m"),
    }
    fraud = found[CHECKOUT, "fraud"]
    assert list(fraud) == ["2026-11-01", "2026-10-01"], "the one with most predictions first"
    assert (fraud["2026-11-01"]["data_set"], fraud["2026-11-01"]["training"]) == ("orders-7", None)
    assert fraud["2026-11-01"]["watched"]["now"] == 0.74
    trained = found["recommender", "recommendations"]
    assert list(trained) == [NEW, OLD, RETRAINED], "the one that was trained last first"
    assert trained[NEW]["watched"] is None and trained[NEW]["data_set"] == DATA_SET
    assert trained[NEW]["training"]["metrics"] == {"ndcg_at_10": 0.3125}


def test_r24_experiments_stand_with_their_outcome_and_changes_with_their_author(
    client: httpx.Client,
) -> None:
    version = catalogue(client)["recommender", "recommendations"][NEW]
    [experiment] = version["experiments"]
    assert (experiment["name"], experiment["who"]) == ("smaller", "ada")
    assert experiment["decided"] == {"smaller": {"p95": "better"}}
    assert experiment["began"] <= experiment["ended"]
    assert [entry["what"] for entry in version["changes"]] == ["experiment.ended", "experiment.begun"]


def test_the_page_shows_all_of_it_and_leads_to_lineage(client: httpx.Client) -> None:
    text = read(client, "/catalogue")
    for words in (
        "recommendations in recommender",
        "Not in use",
        "ndcg at 10 0.312",
        "AUC 0.74",
        "p95 better",
    ):
        assert words in text
    page = client.get("/catalogue").text
    assert Links(client.get("/").text).found["Catalogue"] == "/catalogue"
    assert f"Version {OLD}" in read(client, Links(page).found[OLD])
    assert "Retraining refused recommendations by retraining" in text


def test_without_prometheus_it_says_so(tmp_path: Path) -> None:
    with incidents_service(tmp_path, prometheus_url="http://127.0.0.1:9") as client:
        assert client.get("/api/catalogue").status_code == 503
        assert "Prometheus cannot be reached" in read(client, "/catalogue")
