"""Prometheus with made-up models: a fraud classifier of two versions that drifts, and a regressor."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request

from prometheus.client import MARK
from services.instrumentation import NATIVE_TELEMETRY_OFF

CHECKOUT, DELIVERY = "shop-checkout", "shop-delivery"
FRAUD_1 = {"service_name": CHECKOUT, "model_name": "fraud", "model_version": "2026-10-01"}
FRAUD_2 = {"service_name": CHECKOUT, "model_name": "fraud", "model_version": "2026-11-01"}
ARRIVAL = {"service_name": DELIVERY, "model_name": "team/arrival", "model_version": "7"}
OF_ALL = {"segment": "all", "window": "10m"}

Row = tuple[dict[str, str], float]

GLANCE: dict[str, list[Row]] = {
    "state": [
        (FRAUD_1 | {"state": "OK"}, 0),
        (FRAUD_2 | {"state": "Drift"}, 1),
        (ARRIVAL | {"state": "No labels"}, -1),
    ],
    "task": [
        (FRAUD_1 | {"task": "binary"}, 1),
        (FRAUD_2 | {"task": "binary"}, 1),
        (ARRIVAL | {"task": "regression"}, 1),
    ],
    "predictions": [(FRAUD_1, 2.0), (FRAUD_2, 40.0), (ARRIVAL, 3.5)],
    "labels": [(FRAUD_1, 0.5), (FRAUD_2, 0.48)],
    "main": [(FRAUD_1 | {"measure": "auc"}, 0.91), (FRAUD_2 | {"measure": "auc"}, 0.74)],
    "kept": [(FRAUD_1, 1.0), (FRAUD_2, 0.81)],
    "drifted": [(FRAUD_1, 0), (FRAUD_2, 1), (ARRIVAL, 0)],
    "fault": [(FRAUD_2 | {"feature": "amount", "kind": "out_of_range"}, 0.34)],
    "to_keep": [(FRAUD_1, 0.9), (FRAUD_2, 0.9)],
    "alerts": [(FRAUD_1, 0), (FRAUD_2, 0), (ARRIVAL, 0)],
}


def measured(name: str, value: float) -> Row:
    return FRAUD_2 | OF_ALL | {"measure": name}, value


def in_segment(segment: str, measure: str, value: float) -> Row:
    return FRAUD_2 | {"segment": segment, "window": "10m", "measure": measure}, value


def over_both(*rows: Row) -> list[Row]:
    """The same over ten minutes and over an hour."""
    return [(labels | {"window": window}, value) for labels, value in rows for window in ("10m", "1h")]


def of_feature(name: str, value: float, **labels: str) -> Row:
    return FRAUD_2 | OF_ALL | {"feature": name} | labels, value


DETAILS: dict[str, list[Row]] = {
    "measures": [measured("log_loss", 0.6), measured("auc", 0.74), measured("recall", 0.5)],
    "usual": [measured("log_loss", 0.42), measured("auc", 0.914)],
    "kept": [measured("log_loss", 0.7), measured("auc", 0.81)],
    "to_keep": [measured("log_loss", 0.9), measured("auc", 0.8)],
    "excess": [of_feature("country", 0.2), of_feature("amount", 3.4), of_feature("<b>age", 0.7)],
    "level": [of_feature("country", 0), of_feature("amount", 2), of_feature("<b>age", 1)],
    "segments": over_both(
        in_segment("all", "accuracy", 0.9),
        in_segment("all", "f1_macro", 0.8),
        in_segment("old", "accuracy", 0.92),
        in_segment("old", "f1_macro", 0.84),
        in_segment("<i>new", "accuracy", 0.7),
        in_segment("<i>new", "f1_macro", 0.66),
    ),
    "trials": over_both(
        in_segment("all", "accuracy", 2_400),
        in_segment("all", "f1_macro", 500),
        in_segment("old", "accuracy", 2_200),
        in_segment("old", "f1_macro", 480),
        in_segment("<i>new", "accuracy", 200),
        in_segment("<i>new", "f1_macro", 24),
    ),
    "labelled": over_both(
        (FRAUD_2 | {"segment": "all"}, 2_400),
        (FRAUD_2 | {"segment": "old"}, 2_200),
        (FRAUD_2 | {"segment": "<i>new"}, 200),
    ),
    "estimate": [measured("auc", 0.9), measured("accuracy", 0.94), measured("recall", 0.52)],
    "margin": [measured("auc", 0.02), measured("accuracy", 0.01), measured("recall", 0.1)],
    "error": [measured("auc", 0.15), measured("recall", 0.01)],
    "faults": [of_feature("amount", 0.34, kind="out_of_range"), of_feature("new", 0.02, kind="missing")],
}
BINS: dict[str, dict[str, list[Row]]] = {
    "amount": {
        "now": [({"where": "01 ≥ 0"}, 0.66), ({"where": "above ≥ 900"}, 0.34)],
        "reference": [({"where": "01 ≥ 0"}, 0.9), ({"where": "02 ≥ 450"}, 0.1)],
    },
    "country": {"now": [({"where": "de"}, 1.0)], "reference": [({"where": "de"}, 1.0)]},
}


class FakeModels:
    """Answers queries by their names; `queries` are those that were asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self._silent: set[tuple[str, str]] = set()
        self.app = app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        app.add_api_route("/api/v1/query", self.query, methods=["POST"])
        app.add_api_route("/api/v1/query_range", self.query_range, methods=["POST"])

    def silence(self, window: str, segment: str) -> None:
        """Answer nothing of a segment over this window."""
        self._silent.add((window, segment))

    async def query(self, request: Request) -> dict[str, Any]:
        asked = await self._read(request)
        rows = [
            {"metric": labels, "value": [float(asked["time"]), str(value)]}
            for labels, value in self._find(asked["query"])
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": rows}}

    async def query_range(self, request: Request) -> dict[str, Any]:
        """The main measure, falling."""
        asked = await self._read(request)
        start, step = float(asked["start"]), float(asked["step"])
        values = [[start + step * number, str(0.92 - number / 1000)] for number in range(180)]
        rows = (
            [{"metric": {MARK: "main", "measure": "auc"}, "values": values}] if self._is_fraud(asked) else []
        )
        return {"status": "success", "data": {"resultType": "matrix", "result": rows}}

    async def _read(self, request: Request) -> dict[str, str]:
        asked = {key: each[0] for key, each in parse_qs((await request.body()).decode()).items()}
        self.queries.append(asked["query"])
        return asked

    @staticmethod
    def _is_fraud(asked: dict[str, str]) -> bool:
        return 'model_name="fraud"' in asked["query"]

    def _find(self, query: str) -> Iterator[Row]:
        names = set(re.findall(rf'"{MARK}", "(\w+)"', query))
        wanted = dict(re.findall(r'(service_name|model_name|model_version|feature)="([^"]+)"', query))
        feature = wanted.pop("feature", "")
        answers = DETAILS if "measures" in names else GLANCE
        if "reference" in names:
            answers = BINS.get(feature, {})
        for name in names & answers.keys():
            for labels, value in answers[name]:
                if (labels.get("window"), labels.get("segment")) in self._silent:
                    continue
                if "where" in labels or wanted.items() <= labels.items():
                    yield labels | {MARK: name}, value
