"""Prometheus and Jaeger with versions that served, beside those that are watched now."""

import json
import re
import time
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request

from decisions.audit import Change, Trail
from decisions.lineage.emission import Emitter, LineageSettings
from decisions.lineage.events import Check, DataSet, ModelVersion, TrainingRun, begin, complete
from prometheus.client import MARK
from tests.unit.services.incidents.fakes import TRACE_ID, jaeger_trace
from tests.unit.services.incidents.watched import FRAUD_2, FakeModels

OLD, NEW, DATA_SET = "als32-1f2e3d", "als16-4a5b6c", "9c1185a5c5e9"
RETRAINED, FILES, FED = "als32-7d8e9f", "a0a0a0a0a0a0", "b1b1b1b1b1b1"
"""A version of files and feedback, and the ids of the files and of both together."""
RECOMMENDER = {"service_name": "recommender", "model_name": "recommendations"}
REPORTED = [
    RECOMMENDER | {"model_version": OLD, "dataset_id": DATA_SET},
    RECOMMENDER | {"model_version": NEW, "dataset_id": DATA_SET},
    RECOMMENDER | {"model_version": RETRAINED, "dataset_id": FED},
    FRAUD_2 | {"dataset_id": "orders-7"},
    {"service_name": "other", "model_name": "m", "model_version": OLD, "dataset_id": "another"},
]
MINUTE = 60.0


class FakeServed(FakeModels):
    """OLD served from `ago` two hours to one hour ago, NEW serves since half an hour.

    OLD answered 1,000 times by the recommender's own counter, NEW 500 times by that of predictions. Another
    service calls a version of its own by the name of OLD; it answered 7 times.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = time.time()
        self.jaeger_away = False
        self.searched: list[dict[str, str]] = []
        self.app.add_api_route("/api/traces", self.search)
        self.app.add_api_route("/api/traces/{trace_id}", self.trace)

    async def query(self, request: Request) -> dict[str, Any]:
        asked = await self._read(request)
        if "present_over_time(model_info" in asked["query"]:
            found = [each for each in REPORTED if _matches(each, asked["query"])]
            return _answer("vector", [{"metric": each, "value": [self.now, "1"]} for each in found])
        if "increase(" in asked["query"]:
            counts = {"requests": {OLD: 1000.0, RETRAINED: 200.0}, "predictions": {OLD: 900.0, NEW: 500.0}}
            return _answer(
                "vector",
                [
                    {"metric": _name(counter, version), "value": [self.now, str(count)]}
                    for counter, of in counts.items()
                    for version, count in of.items()
                    if version in asked["query"]
                ]
                + [{"metric": REPORTED[-1] | {MARK: "predictions"}, "value": [self.now, "7"]}],
            )
        return await super().query(request)

    async def query_range(self, request: Request) -> dict[str, Any]:
        asked = await self._read(request)
        if "increase(" not in asked["query"]:
            return await super().query_range(request)
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        window = float(re.findall(r"\[(\d+)[sh]\]", asked["query"])[0])
        window *= 3600 if "[1h]" in asked["query"] else 1
        times = [start + step * number for number in range(int((end - start) / step) + 1)]
        served = {
            ("requests", OLD): (120, 60),
            ("predictions", OLD): (120, 60),
            ("predictions", NEW): (30, 0),
        }
        rows = [
            {
                "metric": _name(counter, version),
                "values": [[when, "1" if self._in(when, window, *ago) else "0"] for when in times],
            }
            for (counter, version), ago in served.items()
            if version in asked["query"]
        ]
        return _answer("matrix", rows)

    def _in(self, when: float, window: float, since: float, until: float) -> bool:
        return when > self.now - since * MINUTE and when - window < self.now - until * MINUTE

    def search(self, service: str, tags: str = "") -> dict[str, Any]:
        if self.jaeger_away:
            raise HTTPException(500, "no")
        self.searched.append({"service": service, "tags": tags})
        return {"data": [jaeger_trace(f"{number:032x}", self.now - number, 20) for number in (2, 1)]}

    def trace(self, trace_id: str) -> dict[str, Any]:
        if trace_id != TRACE_ID:
            raise HTTPException(404, "trace not found")
        return {"data": [jaeger_trace(trace_id, self.now - 5000, 268)]}


def tell(folder: Path) -> dict[str, Any]:
    """Settings of the inbox with what a trainer and people have told of these versions."""
    files = {"audit_file": folder / "audit.jsonl", "lineage_file": folder / "lineage.jsonl"}
    emitter = Emitter(LineageSettings(lineage_file=files["lineage_file"]))
    checks = (Check("every_row_usable", False, 3),)
    ratings = DataSet("recommender", "ratings", DATA_SET, 100_000, checks)
    fed = DataSet("recommender", "ratings", FILES, 90_000), DataSet("recommender", "feedback", FED, 4_000)
    trained = {RETRAINED: (32, fed), OLD: (32, (ratings,)), NEW: (16, (ratings,))}
    for version, (factors, data) in trained.items():
        run = TrainingRun(
            "recommender",
            "recommendations",
            "0a1b2c3d4e5f",
            {"algorithm": "als", "factors": factors},
            data,
        )
        place = "s3://whence", f"models/{version}/model.npz"
        made = ModelVersion(*place, "recommender", "recommendations", version, {"ndcg_at_10": 0.3125})
        for event in (begin(run), complete(run, made)):
            assert emitter.emit(event) == []
    trail = Trail(files["audit_file"])
    shares: Any = {OLD: 50.0, NEW: 50.0}
    trail.append(Change(who="ada", what="experiment.begun", subject="smaller", why="<b>faster", after=shares))
    outcome: Any = {"decided": {"smaller": {"p95": "better"}}, "text": "smaller: 2 h since its start"}
    trail.append(
        Change(who="ada", what="experiment.ended", subject="smaller", before=shares, evidence=outcome)
    )
    trail.append(
        Change(who="retraining", what="retraining.refused", subject="recommendations", why="storage")
    )
    return files


def _matches(labels: dict[str, str], query: str) -> bool:
    """Whether a series has the values that the matchers of a query ask for."""
    wanted = re.findall(r'(dataset_id|model_version)(=~?)("(?:[^"\\]|\\.)*")', query)
    patterns = {
        name: json.loads(value) if operator == "=~" else re.escape(json.loads(value))
        for name, operator, value in wanted
    }
    return all(re.fullmatch(pattern, labels[name]) for name, pattern in patterns.items())


def _name(counter: str, version: str) -> dict[str, str]:
    labels = RECOMMENDER | {"model_version": version, MARK: counter}
    return {name: value for name, value in labels.items() if counter != "requests" or name != "model_name"}


def _answer(kind: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": rows}}
