"""Watched models as pages and as JSON, from a stand-in for Prometheus."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from prometheus.models import watched as w
from services.incidents.models.watched import name_measure
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.watched import CHECKOUT, DELIVERY, FakeModels
from tests.unit.services.incidents.web.test_incidents import Links

FRAUD = f"/models/{CHECKOUT}/fraud"
ARRIVAL = f"/models/{DELIVERY}/{quote('team/arrival', safe='')}"
BEGAN = datetime.now(UTC) - timedelta(minutes=3)


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def client(tmp_path: Path, models: FakeModels) -> Iterator[httpx.Client]:
    with (
        serve(models.app) as address,
        incidents_service(tmp_path, prometheus_url=address, grafana_url="http://127.0.0.1:3000") as client,
    ):
        yield client


def fire(client: httpx.Client, **labels: str) -> None:
    sent = alert("Model Drifts", starts_at=BEGAN, labels={"service_name": CHECKOUT, **labels})
    client.post("/webhooks/alerts", json=alertmanager(sent)).raise_for_status()


def read(client: httpx.Client, path: str) -> str:
    """The text of a page, in one line."""
    page = client.get(path).raise_for_status().text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def listed(client: httpx.Client) -> dict[tuple[str, str], dict[str, Any]]:
    found = client.get("/api/models").raise_for_status().json()
    return {(each["model"], each["version"]): each for each in found}


def test_all_versions_are_listed_with_their_numbers(client: httpx.Client) -> None:
    found = listed(client)
    assert list(found) == [("fraud", "2026-10-01"), ("fraud", "2026-11-01"), ("team/arrival", "7")]
    drifting, unlabelled = found["fraud", "2026-11-01"], found["team/arrival", "7"]
    assert (drifting["state"], drifting["level"], drifting["task"]) == ("Drift", 1, "binary")
    assert (drifting["measure"], drifting["now"], drifting["kept"]) == ("auc", 0.74, 0.81)
    assert drifting["fault"] == {"feature": "amount", "kind": "out_of_range", "share": 0.34}
    assert (unlabelled["measure"], unlabelled["labels"], unlabelled["fault"]) == (None, None, None)
    text = read(client, "/models")
    for words in ("Drift", "AUC 0.74", "81%", "amount: 34% out of range", "40/s", "no labels"):
        assert words in text


def test_one_request_of_prometheus_for_all_models_and_four_for_one(
    client: httpx.Client, models: FakeModels
) -> None:
    client.get("/models").raise_for_status()
    assert len(models_asked(models)) == 1
    client.get(FRAUD).raise_for_status()
    assert len(models_asked(models)) == 1 + 4


def models_asked(models: FakeModels) -> list[str]:
    """Without those of the map of services, which is read in the background."""
    return [query for query in models.queries if re.search("model_info|model:", query)]


def test_the_menu_leads_to_the_models_and_each_to_its_page(client: httpx.Client) -> None:
    links = Links(client.get("/").text).found
    assert links["Models"] == "/models"
    page = client.get("/models").text
    for name in ("fraud", "team/arrival"):
        assert name in client.get(Links(page).found[name]).raise_for_status().text


def test_a_model_is_shown_in_the_version_with_most_predictions(client: httpx.Client) -> None:
    text = read(client, FRAUD)
    assert "2026-11-01 binary, in shop-checkout" in text
    assert "Other versions: 2026-10-01 (OK)" in text
    assert "2026-10-01 binary, in shop-checkout" in read(client, f"{FRAUD}?version=2026-10-01")


def test_quality_is_shown_against_what_is_usual(client: httpx.Client) -> None:
    text, page = read(client, FRAUD), client.get(FRAUD).text
    assert "AUC 0.74 0.914 81%" in text
    assert "recall 0.5 – –" in text
    order = [text.index(words) for words in ("log loss 0.6 0.42 70%", "AUC 0.74 0.914 81%", "recall 0.5")]
    assert order == sorted(order), "the worst comes first, and what has no past last"
    [plot] = re.findall(r'<svg class="plot".*?>', page)
    assert 'data-usual="0.914"' in plot
    assert plot.count("],[") + plot.count("], [") == 179
    assert "AUC: now 0.74, usually 0.914" in plot


def test_what_is_worse_follows_the_limit_of_each_measure(client: httpx.Client) -> None:
    page = client.get(FRAUD).text
    quality = page[: page.index("Estimated quality")]
    assert re.findall(r'<td class="number worse">(.*?)</td>', quality) == ["70%"], "AUC may have 80%"
    assert len(re.findall(r'<div class="worse"><dt>Against usual', client.get("/models").text)) == 1


def test_estimates_are_shown_against_what_labels_say(client: httpx.Client) -> None:
    text, page = read(client, FRAUD), client.get(FRAUD).text
    assert "AUC 0.9 0.88 to 0.92 0.74 0.15" in text
    assert "accuracy 0.94 0.93 to 0.95 – –" in text
    assert "recall 0.52 0.42 to 0.62 0.5 0.01" in text
    estimates = page[page.index("Estimated quality") :]
    assert re.findall(r'<td class="number worse">(.*?)</td>', estimates) == ["0.74"], "beyond the interval"


def test_segments_are_shown_with_their_labels_and_intervals(client: httpx.Client) -> None:
    """Those of scipy.stats.binomtest(140, 200).proportion_ci(method="wilson"), and of the trials of F1."""
    text, page = read(client, FRAUD), client.get(FRAUD).text
    assert "Segments over the last 10 minutes Segment Labels accuracy F1, mean of classes" in text
    assert "everybody 2,400 0.9 0.887 to 0.911 0.8 0.763 to 0.833" in text
    assert "<i>new 200 0.7 0.633 to 0.759 0.66 0.461 to 0.815" in text
    worse = re.findall(r'<span class="worse">(.*?)</span>', page)
    assert worse == ["0.7"], "F1 of so few may be by chance"
    assert "<i>new" not in page, "names are text"


def test_segments_with_few_labels_in_ten_minutes_are_told_over_an_hour(
    client: httpx.Client, models: FakeModels
) -> None:
    models.silence("10m", "<i>new")
    assert "Segments over the last hour" in read(client, FRAUD)
    found = client.get(f"/api{FRAUD}").raise_for_status().json()
    assert (found["window"], [each["name"] for each in found["segments"]]) == ("1h", ["<i>new", "old"])


def test_features_are_ordered_by_drift_and_say_what_is_faulty(client: httpx.Client) -> None:
    text = read(client, FRAUD)
    order = [text.index(words) for words in ("amount large 34% out of range", "<b>age moderate none")]
    assert order == sorted(order)
    assert "new too few values 2% missing" in text
    assert "country none none" in text
    assert "<b>age" not in client.get(FRAUD).text, "names are text"


def test_the_feature_that_drifts_most_is_drawn_against_the_reference(client: httpx.Client) -> None:
    text = read(client, FRAUD)
    assert "amount: now and in the reference" in text
    for row in ("01 ≥ 0 66% 90%", "02 ≥ 450 0% 10%", "above ≥ 900 34% 0%"):
        assert row in text
    links = Links(client.get(FRAUD).text).found
    assert "country: now and in the reference" in read(client, links["country"])


def test_a_model_without_labels_and_values_says_so(client: httpx.Client) -> None:
    text = read(client, ARRIVAL)
    assert "Too few labels have become known" in text
    assert "Too few values in the last hour" in text


@pytest.mark.parametrize(
    ("labels", "state", "alerts"),
    [
        ({}, "Incident", 0),
        ({"model_name": "fraud", "model_version": "2026-11-01"}, "Alert", 1),
        ({"model_name": "fraud"}, "Alert", 1),
        ({"model_name": "other"}, "Incident", 0),
    ],
)
def test_a_model_with_an_alert_is_never_green(
    client: httpx.Client, labels: dict[str, str], state: str, alerts: int
) -> None:
    """Whoever evaluates the alerts: here Prometheus knows of none."""
    fire(client, **labels)
    found = listed(client)
    version = found["fraud", "2026-11-01"]
    assert (version["state"], version["level"], version["alerts"]) == (state, w.BAD, alerts)
    assert found["team/arrival", "7"]["state"] == "No labels"
    assert "Model Drifts" in read(client, FRAUD)
    assert "resolved" not in client.get(FRAUD).text


def test_an_alert_of_one_version_is_not_one_of_another(client: httpx.Client) -> None:
    fire(client, model_name="fraud", model_version="2026-11-01")
    assert listed(client)["fraud", "2026-10-01"]["state"] == "Incident"


def test_links_lead_to_grafana_with_the_model_chosen(client: httpx.Client) -> None:
    link = urlsplit(Links(client.get(FRAUD).text).found["Open in Grafana"])
    assert link.path == "/d/model"
    assert parse_qs(link.query) == {
        "var-service_name": [CHECKOUT],
        "var-model_name": ["fraud"],
        "var-model_version": ["2026-11-01"],
    }


def test_details_are_told_to_programs(client: httpx.Client) -> None:
    found = client.get(f"/api{FRAUD}", params={"feature": "country"}).raise_for_status().json()
    assert found["version"]["version"] == "2026-11-01"
    assert [each["name"] for each in found["features"]] == ["amount", "<b>age", "country", "new"]
    assert found["distribution"] == [{"name": "de", "now": 1.0, "reference": 1.0}]
    assert len(found["history"]) == 180


def test_a_model_that_nobody_watches_is_not_found(client: httpx.Client) -> None:
    for path in (f"/models/{CHECKOUT}/nothing", f"{FRAUD}?version=nothing"):
        assert client.get(path).status_code == 404
        assert client.get(f"/api{path}").status_code == 404


def test_without_prometheus_the_pages_say_so(tmp_path: Path) -> None:
    with incidents_service(tmp_path, prometheus_url="http://127.0.0.1:9") as client:
        for path in ("/models", FRAUD):
            assert "Prometheus cannot be reached" in read(client, path)
            assert client.get(f"/api{path}").status_code == 503


def test_names_stay_text_in_queries(client: httpx.Client, models: FakeModels) -> None:
    evil = 'a"} or up{x="'
    assert client.get(f"/models/{quote(evil, safe='')}/m").status_code == 404
    assert any('service_name="a\\"} or up{x=\\""' in query for query in models.queries)


@pytest.mark.parametrize(
    ("name", "written"), [("auc", "AUC"), ("f1_macro", "F1, mean of classes"), ("hit_rate", "hit rate")]
)
def test_measures_have_names_that_people_write(name: str, written: str) -> None:
    assert name_measure(name) == written


def test_an_open_page_does_not_stay_as_it_was(client: httpx.Client) -> None:
    for path in ("/models", FRAUD):
        page = client.get(path).text
        assert 'data-stream="/api/stream"' in page and 'data-every="30"' in page
        assert page.index('id="now" data-live') < page.index('<span class="badge')
