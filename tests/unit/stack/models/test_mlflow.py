"""`make mlflow`, against a stand-in for an MLflow server, and against the one that MLFLOW_SERVER names."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request
from pydantic import SecretStr

from services.instrumentation import NATIVE_TELEMETRY_OFF
from stack import StackError
from stack.models.mlflow import log_trainings
from stack.settings import Settings
from tests.unit.services.incidents.running import serve
from tests.unit.services.incidents.served import DATA_SET, FED, FILES, NEW, OLD, RETRAINED, FakeServed

API = "/api/2.0/mlflow"
NO_TOKEN = SecretStr("")


class FakeMlflow:
    """Keeps runs and versions as a server does; `refuses` a path as long as it is named."""

    def __init__(self) -> None:
        self.experiments: list[str] = []
        self.runs: list[dict[str, Any]] = []
        self.models: list[str] = []
        self.versions: list[dict[str, Any]] = []
        self.authorizations: set[str] = set()
        self.refuses = ""
        self.app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        self.app.add_api_route(API + "/{path:path}", self.answer, methods=["GET", "POST"])

    async def answer(self, path: str, request: Request) -> dict[str, Any]:
        self.authorizations.add(request.headers.get("Authorization", ""))
        if path == self.refuses:
            raise HTTPException(500)
        asked = json.loads(await request.body() or b"{}") | dict(request.query_params)
        found: dict[str, Any] = getattr(self, re.sub(r"\W", "_", path))(asked)
        return found

    def experiments_get_by_name(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = _require(asked["experiment_name"], self.experiments)
        return {"experiment": {"experiment_id": str(self.experiments.index(name)), "name": name}}

    def experiments_create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.experiments.append(asked["name"])
        return {"experiment_id": str(len(self.experiments) - 1)}

    def runs_search(self, asked: dict[str, Any]) -> dict[str, Any]:
        [wanted] = re.findall(r"tags\.`whence\.run` = '(.+)'", asked["filter"])
        return {"runs": [run for run in self.runs if run["data"]["tags"]["whence.run"] == wanted]}

    def runs_create(self, asked: dict[str, Any]) -> dict[str, Any]:
        info = {"run_id": f"r{len(self.runs)}", "run_name": asked["run_name"], "status": "RUNNING"}
        self.runs.append({"info": info, "data": {"tags": _read(asked["tags"])}})
        return {"run": self.runs[-1]}

    def runs_log_batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        data = self._find(asked)["data"]
        data["tags"] |= _read(asked["tags"])
        data |= {"params": _read(asked["params"]), "metrics": _read(asked["metrics"])}
        return {}

    def runs_update(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._find(asked)["info"]["status"] = asked["status"]
        return {}

    def registered_models_get(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"registered_model": {"name": _require(asked["name"], self.models)}}

    def registered_models_create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.models.append(asked["name"])
        return {}

    def model_versions_search(self, asked: dict[str, Any]) -> dict[str, Any]:
        [run] = re.findall("run_id = '(.+)'", asked["filter"])
        return {"model_versions": [each for each in self.versions if each["run_id"] == run]}

    def model_versions_create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.versions.append(asked)
        return {}

    def _find(self, asked: dict[str, Any]) -> dict[str, Any]:
        return next(run for run in self.runs if run["info"]["run_id"] == asked["run_id"])


def _require(name: str, known: list[str]) -> str:
    if name not in known:
        raise HTTPException(404)
    return name


def _read(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in pairs}


@pytest.fixture
def fake() -> FakeMlflow:
    return FakeMlflow()


@pytest.fixture
def server(fake: FakeMlflow) -> Iterator[str]:
    with serve(fake.app) as address:
        yield address


def read_runs(address: str) -> dict[str, dict[str, Any]]:
    """What a server has of each run, by its name."""
    with httpx.Client(base_url=f"{address}{API}", trust_env=False) as http:
        named = {"experiment_name": "recommender/recommendations"}
        experiment = http.get("/experiments/get-by-name", params=named).raise_for_status().json()
        asked = {"experiment_ids": [experiment["experiment"]["experiment_id"]]}
        runs = http.post("/runs/search", json=asked).raise_for_status().json()["runs"]
    return {run["info"]["run_name"]: run for run in runs}


def test_versions_are_logged_once_with_parameters_metrics_and_card(
    settings: Settings, server: str, fake: FakeMlflow
) -> None:
    assert log_trainings(settings, server, SecretStr("secret")).startswith("Logged 3 of 3 versions to http")
    retrained, older, newer = fake.runs
    assert [run["info"]["run_name"] for run in fake.runs] == [RETRAINED, OLD, NEW]
    assert retrained["data"]["tags"]["data_set.1"] == f"recommender/ratings {FILES}"
    assert retrained["data"]["tags"]["data_set.2"] == f"recommender/feedback {FED}"
    assert older["info"]["status"] == "FINISHED"
    assert older["data"]["params"] == {"algorithm": "als", "factors": "32"}
    assert older["data"]["metrics"] == {"ndcg_at_10": 0.3125}
    tags = older["data"]["tags"]
    assert tags["data_set.1"] == f"recommender/ratings {DATA_SET}"
    assert (tags["code_revision"], tags["checks_failed"]) == ("0a1b2c3d4e5f", "every_row_usable")
    assert fake.versions[1]["source"] == f"s3://whence/models/{OLD}/model.npz"
    assert fake.authorizations == {"Bearer secret"}
    assert log_trainings(settings, server, NO_TOKEN).startswith("Logged 0 of 3 versions")
    assert (len(fake.runs), len(fake.versions)) == (3, 3)


@pytest.mark.parametrize("refused", ["runs/log-batch", "model-versions/create", "runs/update"])
def test_what_was_logged_in_part_is_completed(
    settings: Settings, server: str, fake: FakeMlflow, refused: str
) -> None:
    fake.refuses = refused
    with pytest.raises(StackError, match="MLflow answered with status 500"):
        log_trainings(settings, server, NO_TOKEN)
    fake.refuses = ""
    assert log_trainings(settings, server, NO_TOKEN).startswith("Logged 3 of 3")
    assert [run["info"]["status"] for run in fake.runs] == ["FINISHED"] * 3
    assert len(fake.versions) == 3


def test_a_server_that_is_not_named_away_or_none_of_mlflow_is_one_line(settings: Settings) -> None:
    with pytest.raises(StackError, match="name the MLflow server: SERVER="):
        log_trainings(settings, "", NO_TOKEN)
    with pytest.raises(StackError, match="no MLflow server at http://127.0.0.1:9"):
        log_trainings(settings, "http://127.0.0.1:9", NO_TOKEN)
    with pytest.raises(StackError, match="SERVER=http://mlflow:port is no address: Invalid port"):
        log_trainings(settings, "http://mlflow:port", NO_TOKEN)
    with serve(FakeServed().app) as other, pytest.raises(StackError, match="MLflow answered with status"):
        log_trainings(settings, other, NO_TOKEN)


@pytest.mark.skipif("MLFLOW_SERVER" not in os.environ, reason="MLFLOW_SERVER names no server to test with")
def test_a_real_server_takes_and_keeps_all_of_it(settings: Settings, tmp_path: Path) -> None:
    address = os.environ["MLFLOW_SERVER"]
    log_trainings(settings, address, NO_TOKEN)
    older = read_runs(address)[OLD]
    assert older["info"]["status"] == "FINISHED"
    assert {"key": "factors", "value": "32"} in older["data"]["params"]
    assert [metric["value"] for metric in older["data"]["metrics"]] == [0.3125]
    with httpx.Client(base_url=f"{address}{API}", trust_env=False) as http:
        asked = {"filter": f"run_id = '{older['info']['run_id']}'"}
        [version] = http.get("/model-versions/search", params=asked).json()["model_versions"]
    assert version["name"] == "recommender.recommendations"
    assert version["source"] == f"s3://whence/models/{OLD}/model.npz"
    assert log_trainings(settings, address, NO_TOKEN).startswith("Logged 0 of 3")
