"""Stand-ins for Prometheus and Jaeger that answer as their APIs do."""

import math
import re
from typing import Any
from urllib.parse import parse_qs

import numpy as np
from fastapi import FastAPI, HTTPException, Request

from prometheus.client import MARK
from services.instrumentation import NATIVE_TELEMETRY_OFF

TRACE_ID = "5b8aa5a2d2c872e8321cf37308d69df2"


class FakeSources:
    """Both APIs under one address; storage is slow from `trouble` to `mended` (unix seconds).

    One that `refuses` answers no batch of queries.
    """

    def __init__(self, trouble: float = math.inf, mended: float = math.inf, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.trouble = trouble
        self.mended = mended
        self.reset()
        self.app = app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        app.add_api_route("/api/v1/query_range", self.query_range)
        app.add_api_route("/api/v1/query_range", self.post_query_range, methods=["POST"])
        app.add_api_route("/api/v1/query", self.query, methods=["POST"])
        app.add_api_route("/api/traces", self.search)
        app.add_api_route("/api/traces/{trace_id}", self.trace)

    def reset(self) -> None:
        """Forget what was searched for and what was stored."""
        self.searches: list[str] = []
        self.fast = False
        self.stored: dict[str, dict[str, Any]] = {}

    def query_range(self, query: str, start: float, end: float, step: float) -> dict[str, Any]:
        count = int((end - start) / step) + 1
        times = [start + index * step for index in range(count)]
        values = [[time, str(self._value(query, time))] for time in times]
        return {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]},
        }

    def query(self) -> dict[str, Any]:
        return {"status": "success", "data": {"resultType": "vector", "result": []}}

    async def post_query_range(self, request: Request) -> dict[str, Any]:
        """One series for a query, or for each that the diagnosis joined into one."""
        asked = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        if MARK not in asked["query"]:
            return self.query_range(asked["query"], start, end, step)
        if self.refuses:
            raise HTTPException(503, "query processing would load too many samples")
        times = np.arange(start, end, step).tolist()
        found = [
            {"metric": {MARK: name}, "values": [[time, str(self._value(name, time))] for time in times]}
            for name in re.findall(rf'"{MARK}", "(\w+)"', asked["query"])
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": found}}

    def _value(self, query: str, time: float) -> float:
        slow = self.trouble <= time <= self.mended
        wobble = 1 + 0.06 * math.sin(time / 17) + 0.04 * math.sin(time / 5.3)
        if "hits" in query:
            return (0.21 if slow else 0.44) * wobble
        return (870.0 if slow else 14.0) * wobble

    def search(self, service: str, operation: str, minDuration: str = "") -> dict[str, Any]:
        self.searches.append(minDuration)
        if self.fast and minDuration:
            return {"data": []}
        return {
            "data": [
                jaeger_trace(f"{number:032x}", self._begin() + number * 4, 262 + 7 * (number % 5))
                for number in range(1, 13)
            ]
        }

    def trace(self, trace_id: str) -> dict[str, Any]:
        if trace_id.startswith("dead"):
            raise HTTPException(404, "trace not found")
        return {"data": [self.stored.get(trace_id) or jaeger_trace(trace_id, self._begin(), 268)]}

    def _begin(self) -> float:
        return self.trouble if math.isfinite(self.trouble) else 1_790_000_000.0


def jaeger_trace(trace_id: str, start: float, milliseconds: float) -> dict[str, Any]:
    """A recommendation whose storage call goes on after the deadline."""
    begin, whole = int(start * 1e6), int(milliseconds * 1000)
    pipeline = {
        "storage_latency_ms": 905.4,
        "model.version": "als32-1f2e3d",
        "recommendation.source": "popular",
        "recommendation.reason": "deadline",
        "dataset.id": "9c1185a5c5e9",
    }
    return {
        "traceID": trace_id,
        "spans": [
            span("a", None, "GET /recommendations/{user_id}", begin, whole, {"span.kind": "server"}),
            span("b", "a", "ai_inference_pipeline", begin + 2_000, whole - 3_000, pipeline),
            span("c", "b", "load_features", begin + 2_400, whole - 9_000, {}),
            span(
                "d",
                "c",
                "S3/GetObject",
                begin + 3_000,
                905_400,
                {"span.kind": "client", "rpc.method": "GetObject"},
            ),
            span("e", "b", "score", begin + whole - 6_000, 1_800, {}),
            span("f", "b", "rank", begin + whole - 4_000, 600, {}),
        ],
        "processes": {"p1": {"serviceName": "recommender"}},
    }


def span(
    span_id: str, parent: str | None, name: str, start: int, duration: int, tags: dict[str, Any]
) -> dict[str, Any]:
    """One span as Jaeger's API gives it; times in microseconds."""
    return {
        "traceID": TRACE_ID,
        "spanID": span_id,
        "operationName": name,
        "references": [{"refType": "CHILD_OF", "traceID": TRACE_ID, "spanID": parent}] if parent else [],
        "startTime": start,
        "duration": duration,
        "tags": [{"key": key, "type": "string", "value": value} for key, value in tags.items()],
        "processID": "p1",
    }
