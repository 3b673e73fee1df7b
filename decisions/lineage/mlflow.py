"""Training runs and the versions they made, logged to an MLflow server by its REST API.

https://mlflow.org/docs/latest/rest-api.html. A run that the server has already is found again by its
tag: what was logged stays as it is, and a run that was logged in part is completed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from decisions.lineage.history import Training

API = "/api/2.0/mlflow"
RUN = "whence.run"
"""The tag that has the id of the training run."""

LARGEST_VALUE = 500
"""Characters of a parameter or tag, which any version of MLflow takes."""

Answer = dict[str, Any]


class MlflowError(Exception):
    """The server is away or refused; the message says which and what."""


class Mlflow:
    """One server; `http` has its address and, if need be, credentials."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def log(self, training: Training) -> bool:
        """Log a complete run and register its version; False if the server had it. Raises MlflowError."""
        name = f"{training.service}/{training.model}"
        experiment = self._find_experiment(name)
        run = self._find_run(experiment, training.run) or self._begin_run(experiment, training)
        if run["info"]["status"] == "FINISHED":
            return False
        identity = run["info"]["run_id"]
        self._describe_run(identity, training)
        self._register(name.replace("/", "."), identity, training)
        self._post("runs/update", run_id=identity, status="FINISHED", end_time=_milliseconds(training.ended))
        return True

    def _find_experiment(self, name: str) -> str:
        found = self._get("experiments/get-by-name", experiment_name=name)
        if found:
            return str(found["experiment"]["experiment_id"])
        return str(self._post("experiments/create", name=name)["experiment_id"])

    def _find_run(self, experiment: str, run: str) -> Answer | None:
        found = self._post(
            "runs/search", experiment_ids=[experiment], filter=f"tags.`{RUN}` = '{run}'", max_results=1
        )
        return next(iter(found.get("runs", ())), None)

    def _begin_run(self, experiment: str, training: Training) -> Answer:
        began = _milliseconds(training.began)
        tags = _pairs({RUN: training.run})
        created = self._post(
            "runs/create", experiment_id=experiment, run_name=training.version, start_time=began, tags=tags
        )
        run: Answer = created["run"]
        return run

    def _describe_run(self, run: str, training: Training) -> None:
        ended = _milliseconds(training.ended)
        metrics = [
            {"key": name, "value": value, "timestamp": ended, "step": 0}
            for name, value in training.metrics.items()
        ]
        self._post(
            "runs/log-batch",
            run_id=run,
            params=_pairs(training.parameters),
            metrics=metrics,
            tags=_pairs(_describe(training)),
        )

    def _register(self, name: str, run: str, training: Training) -> None:
        """Once for a run."""
        if not self._get("registered-models/get", name=name):
            self._post("registered-models/create", name=name)
        known = self._get("model-versions/search", filter=f"run_id = '{run}'") or {}
        if not known.get("model_versions"):
            tags = _pairs(_describe(training))
            self._post("model-versions/create", name=name, source=training.stored, run_id=run, tags=tags)

    def _get(self, path: str, **parameters: str) -> Answer | None:
        """None for what the server does not have."""
        answer = self._send("GET", path, params=parameters)
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._read(answer)

    def _post(self, path: str, **content: Any) -> Answer:
        return self._read(self._send("POST", path, json=content))

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, f"{API}/{path}", **content)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise MlflowError(f"no MLflow server at {self._http.base_url} ({reason})") from None

    def _read(self, answer: httpx.Response) -> Answer:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict) or not answer.is_success:
            said = content.get("message", "") if isinstance(content, dict) else ""
            raise MlflowError(f"MLflow answered with status {answer.status_code}: {said or answer.url.path}")
        return content


def _describe(training: Training) -> dict[str, str]:
    """The version's card as tags."""
    used = {f"data_set.{number}": f"{data.name} {data.id}" for number, data in enumerate(training.data, 1)}
    rows = {f"rows.{number}": str(data.rows) for number, data in enumerate(training.data, 1) if data.rows}
    failed = [check.name for data in training.data for check in data.checks if not check.passed]
    told = {
        "version": training.version,
        "code_revision": training.revision,
        "stored": training.stored,
        "checks_failed": ", ".join(failed),
    }
    return {name: value for name, value in (told | used | rows).items() if value}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value[:LARGEST_VALUE]} for name, value in values.items()]


def _milliseconds(moment: datetime | None) -> int:
    return round(moment.timestamp() * 1000) if moment else 0
