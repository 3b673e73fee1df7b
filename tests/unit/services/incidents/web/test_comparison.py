"""Versions side by side as a page and as JSON, from stand-ins for Prometheus and Jaeger."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.versions_shown import LIVE, OTHER, SHADOW, FakeVersions


@pytest.fixture
def versions() -> FakeVersions:
    return FakeVersions()


@pytest.fixture
def client(tmp_path: Path, versions: FakeVersions) -> Iterator[httpx.Client]:
    with (
        serve(versions.app) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        yield client


def read(client: httpx.Client, path: str = "/comparison") -> str:
    """The text of a page, in one line."""
    page = client.get(path).raise_for_status().text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def told(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/comparison").raise_for_status().json()
    return found


def test_r14_versions_stand_side_by_side_with_all_that_is_known_of_them(client: httpx.Client) -> None:
    found = told(client)
    assert [each["version"] for each in found["versions"]] == [LIVE, OTHER]
    live, other = found["versions"]
    assert live | {"trained_at": ""} == {
        "version": LIVE,
        "data_set": "42d0c1",
        "trained_at": "",
        "requests": 16.0,
        "p50": 0.008,
        "p95": 0.031,
        "cost": 0.48,
        "hit_rate": 0.625,
        "thumbs_up": 0.8,
        "items": 1_312,
        "drift": 0.03,
    }
    assert (other["thumbs_up"], other["drift"], other["data_set"]) == (None, None, None)
    text = read(client)
    for words in (LIVE, OTHER, "42d0c1", "16/s", "8 ms", "31 ms", "0.48", "62.5%", "80%", "0.03"):
        assert words in text


def test_r14_each_difference_has_an_interval_and_what_can_be_said_of_it(client: httpx.Client) -> None:
    found = told(client)
    assert found["control"] == LIVE
    differences = {each["measure"]: each for each in found["differences"]}
    assert set(differences) == {"Hit rate", "Mean response time", "95th percentile of response time"}
    hits = differences["Hit rate"]
    assert hits["version"] == OTHER
    assert hits["change"] == pytest.approx(-0.2, abs=1e-3)
    assert -0.3 < hits["low"] < -0.2 < hits["high"] < -0.1
    assert hits["decision"] == "worse"
    assert differences["Mean response time"]["decision"] == "better"
    p95 = differences["95th percentile of response time"]
    assert p95["change"] == pytest.approx(22 / 31 - 1)
    assert p95["low"] < p95["change"] < p95["high"] < 0
    text = read(client)
    assert f"Against {LIVE}" in text and "-20.0%" in text and "worse" in text


def test_r14_without_a_split_nothing_is_compared_and_the_page_says_why(
    client: httpx.Client, versions: FakeVersions
) -> None:
    versions.split = False
    assert told(client)["differences"] == []
    assert "no flag splits the users" in read(client)


def test_r15_agreement_is_told_by_segment_and_for_all(client: httpx.Client) -> None:
    rows = {each["segment"]: each for each in told(client)["agreements"]}
    assert list(rows) == ["all", "heavy", "light"]
    assert rows["all"]["agreement"] == pytest.approx((3 * 0.8 + 0.4) / 4)
    assert rows["all"]["overlap"] == pytest.approx((3 * 0.7 + 0.3) / 4)
    assert rows["all"]["compared"] == 4
    assert told(client)["outcomes"] == {SHADOW: {"answered": 4.0, "busy": 0.1}}
    assert f"{SHADOW}: answered 4/s, busy 0.1/s" in read(client)


def test_r15_requests_that_differ_are_shown_with_both_answers_and_their_trace(
    client: httpx.Client, versions: FakeVersions
) -> None:
    found = client.get("/api/comparison/shadow").raise_for_status().json()
    assert [each["overlap"] for each in found] == [0.1, 0.9], "least alike first"
    assert (found[0]["items"], found[0]["shadow_items"]) == ([11, 12, 13], [11, 14, 15])
    page = client.get("/comparison").raise_for_status().text
    assert f'href="/traces/{2:032x}"' in page
    assert re.findall(r'class="differs">(\d+)', page)[:4] == ["12", "13", "14", "15"]
    sought = versions.searches[-1]
    assert (sought["service"], sought["operation"]) == ("recommender", "shadow_answer")
    assert json.loads(sought["tags"]) == {"shadow.difference": "most items"}
    client.get("/comparison", params={"difference": "order"}).raise_for_status()
    assert json.loads(versions.searches[-1]["tags"]) == {"shadow.difference": "order"}
    assert client.get("/api/comparison/shadow", params={"difference": "all"}).status_code == 422


def test_r15_without_a_shadow_the_page_says_how_to_get_one(
    client: httpx.Client, versions: FakeVersions
) -> None:
    versions.shadowing = False
    assert "make shadow VERSION=…" in read(client)


def test_the_page_says_what_is_away(client: httpx.Client, versions: FakeVersions, tmp_path: Path) -> None:
    versions.jaeger_is_away = True
    assert "The requests appear here when it is available again." in read(client)
    assert client.get("/api/comparison/shadow").status_code == 503
    with incidents_service(tmp_path / "other") as alone:
        assert "Without it nothing is known of the versions." in read(alone)
        assert alone.get("/api/comparison").status_code == 503


def test_four_requests_of_prometheus_are_enough(client: httpx.Client, versions: FakeVersions) -> None:
    versions.queries.clear()
    told(client)
    assert len([query for query in versions.queries if "recommend" in query or "experiment" in query]) == 4
