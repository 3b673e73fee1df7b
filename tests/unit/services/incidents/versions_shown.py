"""Prometheus and Jaeger with two versions that answer, and a third in the shadow."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request

from prometheus.client import MARK
from services.instrumentation import NATIVE_TELEMETRY_OFF

LIVE, OTHER, SHADOW = "als32-42d0c1", "als16-42d0c1", "als8-42d0c1"
GROUPS = 32
REQUESTS = 200.0
"""Of each group in an hour."""

Row = tuple[dict[str, str], float]


def of(version: str, value: float, **labels: str) -> Row:
    return {"model_version": version} | labels, value


NOW: dict[str, list[Row]] = {
    "requests": [of(OTHER, 4.0), of(LIVE, 16.0)],
    "p50": [of(LIVE, 0.008), of(OTHER, 0.007)],
    "p95": [of(LIVE, 0.031), of(OTHER, 0.022)],
    "cost": [of(LIVE, 0.48), of(OTHER, 0.46)],
    "hit_rate": [of(LIVE, 0.625), of(OTHER, 0.5)],
    "thumbs_up": [of(LIVE, 0.8)],
    "items": [of(LIVE, 1_312), of(OTHER, 640)],
    "drift": [of(LIVE, 0.03)],
    "info": [
        of(LIVE, 1, dataset_id="42d0c1", trained_at="2026-11-20 10:00+00:00"),
        of("als4-away", 0, dataset_id="42d0c1", trained_at="2026-11-01 10:00+00:00"),
    ],
}


def compared(segment: str, value: float) -> Row:
    return of(LIVE, value, shadow_model_version=SHADOW, segment=segment)


SHADOWED: dict[str, list[Row]] = {
    "compared": [compared("light", 3.0), compared("heavy", 1.0)],
    "agreement": [compared("light", 0.8), compared("heavy", 0.4)],
    "overlap": [compared("light", 0.7), compared("heavy", 0.3)],
    "outcomes": [
        ({"shadow_model_version": SHADOW, "outcome": "busy"}, 0.1),
        ({"shadow_model_version": SHADOW, "outcome": "answered"}, 4.0),
    ],
}


def by_group(version: str, share: float, spread: float) -> Iterator[tuple[str, dict[str, str], float]]:
    """A counter of each group: its share of the requests, more or less by `spread`."""
    for group in range(GROUPS):
        off = spread * (1 if group % 2 else -1)
        yield version, {"model_version": version, "user_group": str(group)}, REQUESTS * (share + off)


def grouped() -> dict[str, list[Row]]:
    """An hour of users split between two versions: the other hits a fifth less, and is faster."""
    events: list[Row] = []
    rows: dict[str, list[Row]] = {"answers": [], "seconds": []}
    for version, hit, seconds in ((LIVE, 0.625, 0.012), (OTHER, 0.5, 0.009)):
        for name, share, spread in (("labelled", 1.0, 0.0), ("hit", hit, 0.02)):
            events += [
                (labels | {"event": name}, value) for _, labels, value in by_group(version, share, spread)
            ]
        rows["answers"] += [(labels, value) for _, labels, value in by_group(version, 1.0, 0.0)]
        rows["seconds"] += [(labels, value) for _, labels, value in by_group(version, seconds, 0.0005)]
    return rows | {"events": events, "p95": [of(LIVE, 0.031), of(OTHER, 0.022)]}


def quantiles(query: str, names: set[str]) -> dict[str, list[Row]]:
    """The shares below the 95th percentile, and the quantiles around it."""
    found: dict[str, list[Row]] = {}
    for name in names:
        value = 0.031 if LIVE in part_of(query, name) else 0.022
        if name.startswith("b"):
            found[name] = [
                ({"user_group": str(group)}, REQUESTS * (0.94 + 0.02 * (group % 2)))
                for group in range(GROUPS)
            ]
        else:
            found[name] = [({}, value * (0.97 if name.startswith("low") else 1.03))]
    return found


def part_of(query: str, name: str) -> str:
    return next(part for part in query.split("label_replace(") if f'"{name}"' in part)


class FakeVersions:
    """Answers by the names of queries; without `split`, no flag splits the users."""

    def __init__(self) -> None:
        self.split = self.shadowing = True
        self.jaeger_is_away = False
        self.queries: list[str] = []
        self.searches: list[dict[str, str]] = []
        self.app = app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        app.add_api_route("/api/v1/query", self.query, methods=["POST"])
        app.add_api_route("/api/traces", self.search)

    async def query(self, request: Request) -> dict[str, Any]:
        asked = parse_qs((await request.body()).decode())
        query, at = asked["query"][0], float(asked["time"][0])
        self.queries.append(query)
        rows = [
            {"metric": labels | {MARK: name}, "value": [at, str(value)]}
            for name, found in self._find(query).items()
            for labels, value in found
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": rows}}

    def search(self, request: Request) -> dict[str, Any]:
        if self.jaeger_is_away:
            raise HTTPException(502, "away")
        self.searches.append(dict(request.query_params))
        return {"data": [shadow_trace(1, 0.9), shadow_trace(2, 0.1), {**shadow_trace(3, 0.5), "spans": []}]}

    def _find(self, query: str) -> dict[str, list[Row]]:
        names = set(re.findall(rf'"{MARK}", "(\w+)"', query))
        if "requests" in names:
            return NOW | (SHADOWED if self.shadowing else {})
        if not self.split:
            return {}
        return grouped() if "events" in names else quantiles(query, names)


def shadow_trace(number: int, overlap: float) -> dict[str, Any]:
    """A trace as Jaeger gives it: lists as their text."""
    tags: dict[str, Any] = {
        "model.version": LIVE,
        "shadow.model.version": SHADOW,
        "recommendation.items": json.dumps([11, 12, 13]),
        "shadow.items": json.dumps([11, 14, 15]),
        "shadow.agreement": 1 / 3,
        "shadow.rank_biased_overlap": overlap,
        "shadow.difference": "most items",
        "user.segment": "heavy",
    }
    span = {
        "spanID": f"{number:016x}",
        "operationName": "shadow_answer",
        "startTime": 1_790_000_000_000_000 + number,
        "duration": 900,
        "processID": "p1",
        "references": [],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    return {"traceID": f"{number:032x}", "spans": [span], "processes": {"p1": {"serviceName": "recommender"}}}
