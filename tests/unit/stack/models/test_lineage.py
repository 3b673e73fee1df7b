"""`make lineage`, with an inbox and stand-ins for Prometheus and Jaeger."""

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from stack import StackError
from stack.models.lineage import describe_lineage
from stack.settings import Settings
from tests.unit.services.incidents.fakes import TRACE_ID
from tests.unit.services.incidents.running import serve
from tests.unit.services.incidents.served import DATA_SET, NEW, OLD


def test_r23_a_request_is_followed_to_its_data_set(settings: Settings) -> None:
    text = describe_lineage(settings, "traces", TRACE_ID)
    assert f"recommender: ai_inference_pipeline was answered by {OLD}, made of data set {DATA_SET}" in text
    assert "COMPLETE at 20" in text and "code 0a1b2c3d4e5f" in text
    assert f"of recommender/ratings {DATA_SET}, 100,000 rows, every_row_usable failed (3)" in text
    assert "parameters: algorithm als, factors 32" in text


def test_r23_a_data_set_is_followed_to_whom_it_answered(settings: Settings) -> None:
    text = describe_lineage(settings, "datasets", DATA_SET)
    assert "1,500 answers in the last 30 days, by 2 versions" in text
    assert f"recommendations in recommender, data set {DATA_SET}: 1,000 answers in the last 30 days" in text
    assert " UTC to now" in text


def test_a_version_tells_who_changed_it(settings: Settings) -> None:
    text = describe_lineage(settings, "versions", NEW)
    assert "ada: experiment.begun smaller: <b>faster" in text
    assert "answered 00000000000000000000000000000001 at 20" in text


def test_what_is_not_known_is_one_line(settings: Settings) -> None:
    with pytest.raises(StackError, match="Nobody has told of it: a/b\\? is no model version"):
        describe_lineage(settings, "versions", "a/b?")
    with pytest.raises(StackError, match="a trace id has 16 to 32 hexadecimal digits"):
        describe_lineage(settings, "traces", "none")
    with pytest.raises(StackError, match="no inbox at .*: start it with `make up`"):
        describe_lineage(Settings(incidents_port=9), "versions", OLD)


def test_another_program_at_its_address_is_one_line_too() -> None:
    app = FastAPI()
    app.add_api_route("/{path:path}", lambda path: HTMLResponse("<p>not found", 404))
    with serve(app) as address, pytest.raises(StackError, match="is not the inbox, by its answer"):
        describe_lineage(Settings(incidents_port=int(address.rpartition(":")[2])), "versions", OLD)
