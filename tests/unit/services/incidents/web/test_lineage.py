"""From a request to where its model came from, and from a data set to whom it answered."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from decisions.lineage.emission import Emitter, LineageSettings
from decisions.lineage.events import DataSet, ModelVersion, TrainingRun, complete
from services.incidents.models.lineage import MOST
from tests.unit.services.incidents.fakes import TRACE_ID
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.served import (
    DATA_SET,
    FED,
    FILES,
    MINUTE,
    NEW,
    OLD,
    RETRAINED,
    FakeServed,
    tell,
)
from tests.unit.services.incidents.web.test_incidents import Links


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[tuple[httpx.Client, FakeServed]]:
    sources = FakeServed()
    with (
        serve(sources.app) as address,
        incidents_service(folder, prometheus_url=address, jaeger_url=address, **tell(folder)) as client,
    ):
        yield client, sources


@pytest.fixture
def client(served: tuple[httpx.Client, FakeServed]) -> httpx.Client:
    return served[0]


@pytest.fixture
def sources(served: tuple[httpx.Client, FakeServed]) -> Iterator[FakeServed]:
    yield served[1]
    served[1].jaeger_away = False


def ask(client: httpx.Client, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/lineage/{kind}/{quote(name)}").raise_for_status().json()
    return found


def read(client: httpx.Client, path: str) -> str:
    """The text of a page, in one line."""
    page = client.get(path).raise_for_status().text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def ago(sources: FakeServed, moment: str) -> float:
    """Minutes before now."""
    return (sources.now - datetime.fromisoformat(moment).astimezone(UTC).timestamp()) / MINUTE


def test_r23_a_request_leads_to_version_run_code_parameters_and_data_set(client: httpx.Client) -> None:
    found = ask(client, "traces", TRACE_ID)
    assert found["answered"] == [
        {"service": "recommender", "span": "ai_inference_pipeline", "version": OLD, "data_set": DATA_SET}
    ]
    [version] = found["versions"]
    [run] = version["trainings"]
    assert (run["state"], run["revision"], run["version"]) == ("COMPLETE", "0a1b2c3d4e5f", OLD)
    assert run["parameters"] == {"algorithm": "als", "factors": "32"}
    assert run["metrics"] == {"ndcg_at_10": 0.3125}
    [used] = run["data"]
    assert (used["id"], used["rows"]) == (DATA_SET, 100_000)
    assert used["checks"] == [{"name": "every_row_usable", "passed": False, "found": "3"}]
    assert run["stored"] == f"s3://whence/models/{OLD}/model.npz"


def test_r23_a_data_set_leads_to_its_versions_when_each_served_and_how_often(
    client: httpx.Client, sources: FakeServed
) -> None:
    found = ask(client, "datasets", DATA_SET)
    assert found["used"]["rows"] == 100_000
    versions = {each["version"]: each for each in found["versions"]}
    assert versions.keys() == {OLD, NEW}
    answers = {name: [one["answers"] for one in each["servings"]] for name, each in versions.items()}
    assert answers == {OLD: [1000.0], NEW: [500.0]}, "by the service's own counter where there is one"
    assert found["answers"] == 1500.0
    [[old], [new]] = ([one["periods"] for one in versions[name]["servings"]] for name in (OLD, NEW))
    [over], [on] = old, new
    assert ago(sources, over["since"]) == pytest.approx(120, abs=3)
    assert ago(sources, over["until"]) == pytest.approx(60, abs=3)
    assert ago(sources, on["since"]) == pytest.approx(30, abs=3)
    assert on["until"] is None
    assert len(versions[OLD]["samples"]) == 2
    assert {"service": "recommender", "tags": f'{{"model.version": "{OLD}"}}'} in sources.searched


def test_r23_a_data_set_leads_to_the_versions_that_also_learned_from_feedback(client: httpx.Client) -> None:
    """Of files and feedback together the version's telemetry knows another id."""
    found = ask(client, "datasets", FILES)
    assert found["used"]["rows"] == 90_000
    [version] = found["versions"]
    assert version["version"] == RETRAINED and found["answers"] == 200.0
    [run] = version["trainings"]
    assert [(used["id"], used["rows"]) for used in run["data"]] == [(FILES, 90_000), (FED, 4_000)]
    fed = ask(client, "datasets", FED)
    assert (fed["used"]["rows"], fed["answers"]) == (4_000, 200.0)
    assert fed["versions"][0]["trainings"] == [run]


def test_others_may_use_the_name_of_a_version(client: httpx.Client) -> None:
    [version] = ask(client, "versions", OLD)["versions"]
    assert {each["service"]: each["answers"] for each in version["servings"]} == {
        "other": 7.0,
        "recommender": 1000.0,
    }
    [version] = ask(client, "traces", TRACE_ID)["versions"]
    assert [each["service"] for each in version["servings"]] == ["recommender"]


def test_r23_a_version_tells_who_changed_what_about_it(client: httpx.Client) -> None:
    [version] = ask(client, "versions", NEW)["versions"]
    assert [entry["what"] for entry in version["changes"]] == ["experiment.ended", "experiment.begun"]
    assert {entry["who"] for entry in version["changes"]} == {"ada"}


def test_the_page_finds_whatever_has_that_name(client: httpx.Client) -> None:
    request = read(client, f"/lineage?of={TRACE_ID}")
    assert f"ai_inference_pipeline was answered by {OLD} , made of data set {DATA_SET}" in request
    data_set = read(client, f"/lineage?of={DATA_SET}")
    assert "1,500 answers in the last 30 days came from the 2 versions made of it" in data_set
    assert "100,000 rows; every row usable: failed (3)" in data_set
    version = read(client, f"/lineage?of={NEW}")
    for words in (
        "by code 0a1b2c3d4e5f",
        "factors 16",
        "ndcg at 10 0.312",
        "500 answers",
        "– now",
        "<b>faster",
    ):
        assert words in version
    assert "<b>faster" not in client.get(f"/lineage?of={NEW}").text, "reasons are text"
    links = Links(client.get(f"/lineage?of={NEW}").text).found
    assert f"Data set {DATA_SET}" in read(client, links[DATA_SET])
    assert links["recommender"] == f"/models/recommender/recommendations?version={NEW}"


def test_a_trace_leads_to_its_lineage(client: httpx.Client) -> None:
    links = Links(client.get(f"/traces/{TRACE_ID}").text).found
    assert OLD in read(client, links["Lineage"])


def test_the_empty_page_says_what_can_be_asked(client: httpx.Client) -> None:
    assert "From a request to the model version that answered it" in read(client, "/lineage")


def test_what_nobody_has_told_of_is_not_found(client: httpx.Client) -> None:
    for path in ("versions/none", "datasets/none", f"traces/{'0' * 32}"):
        assert client.get(f"/api/lineage/{path}").status_code == 404
    assert client.get("/api/lineage/traces/none").status_code == 422
    assert "none is no model version, data set or trace" in read(client, "/lineage?of=none")


def test_names_stay_text_in_queries(client: httpx.Client, sources: FakeServed) -> None:
    evil = 'a"} or up{x="'
    assert client.get(f"/api/lineage/versions/{quote(evil, safe='')}").status_code == 404
    assert client.get(f"/api/lineage/datasets/{quote(evil, safe='')}").status_code == 404
    assert any('dataset_id="a\\"} or up{x=\\""' in query for query in sources.queries)


def test_without_jaeger_the_rest_is_told(client: httpx.Client, sources: FakeServed) -> None:
    sources.jaeger_away = True
    found = ask(client, "versions", OLD)
    assert "Jaeger answered with status 500" in found["missing"][0]
    assert found["answers"] == 1007.0 and found["versions"][0]["samples"] == []
    assert "Without it there are no sample traces" in read(client, f"/lineage?of={OLD}")


def test_without_prometheus_it_says_so(tmp_path: Path) -> None:
    with incidents_service(tmp_path, prometheus_url="http://127.0.0.1:9", **tell(tmp_path)) as client:
        assert client.get(f"/api/lineage/versions/{OLD}").status_code == 503
        assert "Prometheus cannot be reached" in read(client, f"/lineage?of={OLD}")


def test_files_that_cannot_be_read_are_named(tmp_path: Path, sources: FakeServed) -> None:
    with (
        serve(sources.app) as address,
        incidents_service(
            tmp_path, prometheus_url=address, jaeger_url=address, audit_file=tmp_path, lineage_file=tmp_path
        ) as client,
    ):
        missing = " ".join(ask(client, "versions", OLD)["missing"])
        assert "Lineage cannot be read: Is a directory" in missing
        assert "The audit trail cannot be read" in missing


def test_more_versions_than_are_shown_are_said_to_be_there(tmp_path: Path, sources: FakeServed) -> None:
    emitter = Emitter(LineageSettings(lineage_file=tmp_path / "lineage.jsonl"))
    for number in range(MOST + 5):
        run = TrainingRun("s", "m", "r", {}, (DataSet("s", "d", "many", 1),))
        emitter.emit(complete(run, ModelVersion("s3://b", "k", "s", "m", f"v{number}")))
    with (
        serve(sources.app) as address,
        incidents_service(
            tmp_path,
            prometheus_url=address,
            jaeger_url=address,
            lineage_file=tmp_path / "lineage.jsonl",
            audit_file=tmp_path / "none",
        ) as client,
    ):
        found = ask(client, "datasets", "many")
    assert found["versions"][0]["version"] == f"v{MOST + 4}" and len(found["versions"]) == MOST
    assert found["missing"] == [f"These are the newest {MOST} of {MOST + 5} versions."]
