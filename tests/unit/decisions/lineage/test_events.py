"""Lineage as OpenLineage events: as the official client writes them, on disk, sent, and read again.

official.jsonl has the events of `RUN`, written with the classes of openlineage-python 1.54.0.
"""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from decisions.lineage import events
from decisions.lineage.emission import LARGEST, Emitter, LineageSettings
from decisions.lineage.events import Check, DataSet, Event, ModelVersion, TrainingRun
from decisions.lineage.history import read_trainings

OFFICIAL = [json.loads(line) for line in (Path(__file__).parent / "official.jsonl").read_text().splitlines()]
RUN = TrainingRun(
    "recommender",
    "recommendations",
    "0a1b2c3d4e5f",
    {"algorithm": "als", "factors": 32, "alpha": 5.0},
    (
        DataSet(
            "recommender",
            "ratings",
            "9c1185a5c5e9",
            100_000,
            (Check("every_row_usable", False, 3), Check("no_bad_rating", False, 3)),
        ),
    ),
    "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b",
)
VERSION, OTHER = "als32-1f2e3d", "als16-4a5b6c"
STORED = "s3://whence", f"models/{VERSION}/model.npz"
MADE = ModelVersion(*STORED, "recommender", "recommendations", VERSION, {"ndcg_at_10": 0.3125})


def compare(event: Event) -> Event:
    """Without what differs each time."""
    return event | {"eventTime": "", "run": event["run"] | {"runId": ""}}


def without_defaults(event: Any) -> Any:
    """Without the empty objects that the client writes where nothing is told."""
    if isinstance(event, dict):
        return {name: without_defaults(of) for name, of in event.items() if of != {}}
    return [without_defaults(each) for each in event] if isinstance(event, list) else event


WRITTEN = (
    events.begin(RUN),
    events.complete(RUN, MADE),
    events.fail(RUN, "StorageAway: no answer"),
    events.serve("recommender", "recommendations", {VERSION: 70.0, OTHER: 30.0}, "rollout"),
)


@pytest.mark.parametrize("place", range(len(WRITTEN)), ids=("begin", "complete", "fail", "serve"))
def test_r23_events_are_those_of_the_official_client(place: int) -> None:
    assert compare(WRITTEN[place]) == compare(without_defaults(OFFICIAL[place]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "decisions" / "lineage.jsonl"


def emitter(file: Path, **settings: Any) -> Emitter:
    return Emitter(LineageSettings(lineage_file=file, **settings))


def test_a_training_is_read_again_from_its_events(file: Path) -> None:
    for event in (events.begin(RUN), events.complete(RUN, MADE)):
        assert emitter(file).emit(event) == []
    [run] = read_trainings(file)
    assert (run.run, run.state, run.revision, run.error) == (RUN.id, "COMPLETE", "0a1b2c3d4e5f", None)
    assert (run.service, run.model, run.version) == ("recommender", "recommendations", VERSION)
    assert (run.stored, run.metrics) == ("/".join(STORED), {"ndcg_at_10": 0.3125})
    assert run.parameters == {"algorithm": "als", "factors": "32", "alpha": "5.0"}
    [data] = run.data
    assert (data.id, data.rows, [check.found for check in data.checks]) == (
        "9c1185a5c5e9",
        100_000,
        ["3", "3"],
    )
    assert run.ended is not None and run.began <= run.ended


def test_events_of_the_official_client_are_read_too(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("".join(json.dumps(event) + "\n" for event in OFFICIAL[:2]))
    [run] = read_trainings(file)
    assert (run.version, run.data[0].checks[1].name) == (VERSION, "no_bad_rating")


def test_parts_that_a_producer_leaves_out_or_writes_as_null_are_missing(file: Path) -> None:
    output = {"namespace": "n", "name": "o", "facets": OFFICIAL[1]["outputs"][0]["facets"]}
    bare: Event = {
        "eventTime": "2026-11-29T12:00:00Z",
        "eventType": "COMPLETE",
        "run": {"runId": RUN.id, "facets": None},
        "job": {"namespace": "other", "name": "fit"},
        "inputs": None,
        "outputs": [output],
    }
    emitter(file).emit(bare)
    [run] = read_trainings(file)
    assert (run.version, run.job, run.stored) == (VERSION, "other/fit", "n/o")
    assert (run.data, run.parameters, run.revision) == ([], {}, None)


def test_a_run_that_failed_or_goes_on_says_so(file: Path) -> None:
    other = TrainingRun("a", "b", "c", {}, RUN.data)
    for event in (events.begin(RUN), events.fail(RUN, "StorageAway: no answer"), events.begin(other)):
        emitter(file).emit(event)
    going, failed = read_trainings(file)
    assert (failed.state, failed.version, failed.error) == ("FAIL", None, "StorageAway: no answer")
    assert (going.state, going.ended) == ("START", None)


def test_a_change_of_who_is_served_is_no_training(file: Path) -> None:
    emitter(file).emit(events.serve("recommender", "recommendations", {VERSION: 100}, "rollback"))
    assert read_trainings(file) == []


NO_VERSION = {"namespace": "n", "name": "o", "facets": {"version": 7}}
NO_TAGS = OFFICIAL[1]["outputs"][0] | {"facets": {"tags": [1]}}
STRANGE = [
    b"",
    b"half a li",
    b"[]",
    b'{"eventTime": "yesterday"}',
    json.dumps(OFFICIAL[1] | {"outputs": [NO_VERSION]}).encode(),
    json.dumps(OFFICIAL[1] | {"outputs": [NO_TAGS]}).encode(),
    b"x" * 3 * LARGEST,
]


@pytest.mark.parametrize("line", STRANGE, ids=range(len(STRANGE)))
def test_what_is_no_event_does_not_hide_the_others(file: Path, line: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(line + b"\n")
    for event in (events.begin(RUN), events.complete(RUN, MADE)):
        emitter(file).emit(event)
    assert read_trainings(file)[0].version == VERSION


def test_an_event_after_half_a_line_is_whole(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"eventTime": "2026-1')
    assert emitter(file).emit(events.complete(RUN, MADE)) == []
    assert [run.version for run in read_trainings(file)] == [VERSION]


def emit_many(file: Path) -> None:
    for _ in range(20):
        emitter(file).emit(events.complete(TrainingRun("a", "b", "c", {}, RUN.data), MADE))


def test_writers_do_not_mix_their_lines(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=emit_many, args=(file,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(read_trainings(file)) == 60


class Server:
    """An OpenLineage server that answers with `status`."""

    def __init__(self, status: int = 201) -> None:
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)
        self._status = status

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status)


def test_events_are_also_sent_where_a_server_is_named(file: Path) -> None:
    server = Server()
    settings = LineageSettings.model_validate(
        {"lineage_file": file, "openlineage_url": "http://marquez:5000/", "openlineage_api_key": "secret"}
    )
    assert Emitter(settings, server.transport).emit(event := events.begin(RUN)) == []
    [request] = server.requests
    assert str(request.url) == "http://marquez:5000/api/v1/lineage"
    assert request.headers["Authorization"] == "Bearer secret"
    assert json.loads(request.content) == event == json.loads(file.read_bytes())


def test_what_cannot_be_sent_or_written_is_said_and_stops_nothing(file: Path, tmp_path: Path) -> None:
    refused = LineageSettings(lineage_file=file, openlineage_url="http://marquez:5000")
    assert "500" in Emitter(refused, Server(500).transport).emit(events.begin(RUN))[0]
    away = emitter(file, openlineage_url="http://127.0.0.1:9").emit(events.complete(RUN, MADE))
    assert "was not sent to http://127.0.0.1:9/api/v1/lineage" in away[0]
    wrong = emitter(file, openlineage_url="http://marquez:port").emit(events.begin(RUN))
    assert "was not sent to http://marquez:port/api/v1/lineage: Invalid port" in wrong[0]
    assert [run.version for run in read_trainings(file) if run.version] == [VERSION]
    assert "cannot be written" in emitter(tmp_path).emit(events.begin(RUN))[0]
    large = TrainingRun("a", "b", "c", {"x": "y" * LARGEST}, RUN.data)
    assert "was not written" in emitter(file).emit(events.begin(large))[0]


def test_a_server_that_is_no_address_is_refused(file: Path) -> None:
    with pytest.raises(ValidationError, match="openlineage_url"):
        emitter(file, openlineage_url="marquez")


def test_no_file_has_no_trainings(file: Path) -> None:
    assert read_trainings(file) == []
