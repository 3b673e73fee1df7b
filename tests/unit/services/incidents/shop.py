"""Prometheus and Jaeger of a made-up shop: shop-gateway → shop-pricing → PostgreSQL, shop-gateway → Redis."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import numpy as np
from fastapi import FastAPI, Request

from diagnosis.topology.queries import MAP_STEP
from prometheus.client import MARK
from prometheus.services.dependencies import ENDS
from services.instrumentation import NATIVE_TELEMETRY_OFF
from tests.unit.services.incidents import fakes

GATEWAY, PRICING = "shop-gateway", "shop-pricing"
DATABASE = "postgresql@10.0.0.9:5432"
PEERS = {
    "pricing": {"server.address": "10.0.0.7", "server.port": "8101"},
    "database": {"server.address": "10.0.0.9", "server.port": "5432", "db.system.name": "postgresql"},
    "cache": {"server.address": "10.0.0.8", "server.port": "6379", "db.system.name": "redis"},
}
CALLERS = {"pricing": GATEWAY, "database": PRICING, "cache": GATEWAY}


class Load(NamedTuple):
    """Requests per second, their mean seconds and the share that fails."""

    rate: float
    seconds: float
    failed: float = 0.0


State = Mapping[str, Load]
"""The services, and the calls by what is called."""

WELL: State = {
    GATEWAY: Load(10, 0.054, 0.001),
    PRICING: Load(6, 0.038),
    "pricing": Load(6, 0.041),
    "database": Load(12, 0.012),
    "cache": Load(10, 0.0016),
}
SLOW_DATABASE: State = {
    **WELL,
    GATEWAY: Load(10, 0.618, 0.001),
    PRICING: Load(6, 0.974),
    "pricing": Load(6, 0.979),
    "database": Load(12, 0.48),
}
PRICING_UNREACHABLE: State = {
    **WELL,
    GATEWAY: Load(10, 0.05, 0.34),
    "pricing": Load(6, 0.03, 0.56),
}

Measure = Callable[[State], float]


@dataclass
class FakeShop:
    """It is as `trouble` says from `onset` (Unix seconds) on."""

    onset: float
    trouble: State = field(default_factory=lambda: SLOW_DATABASE)

    def __post_init__(self) -> None:
        self.queries: list[str] = []
        self.searches: list[dict[str, str]] = []
        self.app = app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        app.add_api_route("/api/v1/query_range", self.query_range, methods=["POST"])
        app.add_api_route("/api/v1/query", self.query, methods=["POST"])
        app.add_api_route("/api/traces", self.search)
        app.add_api_route("/api/traces/{trace_id}", self.trace)

    async def query(self, request: Request) -> dict[str, Any]:
        """Who is there and who calls whom, where a batch asks for it."""
        asked = await _read(request)
        if MARK in asked["query"]:
            self.queries.append(asked["query"])
        rows = ({MARK: name, **labels} for name, labels, _ in _find(asked["query"]))
        present = {tuple((key, value) for key, value in row.items() if key not in ENDS) for row in rows}
        moment = [float(asked.get("time", self.onset)), "1"]
        return _answer([{"metric": dict(row), "value": moment} for row in sorted(present)])

    async def query_range(self, request: Request) -> dict[str, Any]:
        """The map of services, the batches of the diagnosis, and the charts of one service."""
        asked = await _read(request)
        times = np.arange(*(float(asked[name]) for name in ("start", "end", "step"))).tolist()
        query = asked["query"]
        if float(asked["step"]) != MAP_STEP:
            self.queries.append(query)
        if MARK not in query:
            return _answer([self._series({}, _chart(query), times)])
        return _answer(
            [self._series({MARK: name, **labels}, measure, times) for name, labels, measure in _find(query)]
        )

    def search(
        self, service: str, start: int, end: int, limit: int, tags: str = "", minDuration: str = ""
    ) -> dict[str, Any]:
        self.searches.append({"service": service, "tags": tags, "minDuration": minDuration})
        least = 1000 * float(minDuration.removesuffix("ms") or 0)
        failed = bool(tags) and json.loads(tags).get("error") == "true"
        traces = (self._trace(at) for at in range(end // 1_000_000 - 3, start // 1_000_000, -7))
        found = [trace for trace in traces if _matches(trace["spans"], least, failed)]
        return {"data": found[:limit] if service in (GATEWAY, PRICING) else []}

    def trace(self, trace_id: str) -> dict[str, Any]:
        return {"data": [self._trace(int(trace_id[16:], 16))]}

    def _series(self, labels: dict[str, str], measure: Measure, times: list[float]) -> dict[str, Any]:
        values = ((time, measure(self.trouble if time >= self.onset else WELL)) for time in times)
        points = [[time, str(value * (1 + 0.03 * math.sin(time / 17)))] for time, value in values]
        return {"metric": labels, "values": points}

    def _trace(self, at: int) -> dict[str, Any]:
        """The request that began at this second; one in five needs no prices."""
        state = self.trouble if at >= self.onset else WELL
        fails = state["pricing"].failed > 0 and at % 2 == 0
        make = _find_nobody if fails else _answer_from_cache if at % 5 == 0 else _read_prices
        return {
            "traceID": f"{at * 0x9E3779B97F4A7C15 % 2**64:016x}{at:016x}",
            "spans": make(at * 1_000_000, int(1e6 * state["database"].seconds * (1.6 + 0.1 * (at % 6)))),
            "processes": {"g": {"serviceName": GATEWAY}, "p": {"serviceName": PRICING}},
        }


async def _read(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}


def _find(query: str) -> Iterator[tuple[str, dict[str, str], Measure]]:
    """What the queries of a batch give, of the services that they are about."""
    for promql, name in re.findall(rf'label_replace\((.*?), "{MARK}", "(\w+)", "", ""\)', query):
        named = {json.loads(each) for each in re.findall(r'service_name=~("(?:[^"\\]|\\.)*")', promql)}
        for labels, measure in _rows(name):
            if all(re.fullmatch(each, labels["service_name"]) for each in named):
                yield name, labels, measure


def _answer(series: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": series}}


def _chart(query: str) -> Measure:
    [service] = set(re.findall(r'service_name="([^"]+)"', query)) or {""}
    if service not in WELL:
        return lambda state: math.nan
    if "histogram_quantile" in query:
        return lambda state: 2_400 * state[service].seconds
    if " / " in query:
        return lambda state: state[service].failed
    return lambda state: state[service].rate


MEASURES: Mapping[str, Callable[[Load], float]] = {
    "": lambda load: load.rate,
    "succeeded": lambda load: load.rate * (1 - load.failed),
    "failed": lambda load: load.rate * load.failed,
    "seconds": lambda load: load.rate * load.seconds,
    "fastest": lambda load: 0.5 * load.seconds,
    "median": lambda load: 0.8 * load.seconds,
    "slowest": lambda load: 3 * load.seconds,
}


def _rows(query: str) -> list[tuple[dict[str, str], Measure]]:
    kind, _, what = query.partition("_")
    if query == "called":
        failed = {"status_code": "STATUS_CODE_ERROR", "error_type": "ConnectError"}
        return [
            row
            for name in PEERS
            for row in (
                ({**_labels(name), "status_code": "STATUS_CODE_UNSET"}, _measure(name, "succeeded")),
                ({**_labels(name), **failed}, _measure(name, "failed")),
            )
        ]
    names = {"served": (GATEWAY, PRICING), "called": tuple(PEERS)}.get(kind, ())
    return [(_labels(name), _measure(name, what)) for name in names]


def _measure(name: str, what: str) -> Measure:
    return lambda state: MEASURES[what](state[name])


def _labels(name: str) -> dict[str, str]:
    peer = {key.replace(".", "_"): value for key, value in PEERS.get(name, {}).items()}
    return {"service_name": CALLERS.get(name, name)} | peer


def _matches(spans: list[dict[str, Any]], least: float, failed: bool) -> bool:
    has_error = any(tag["key"] == "error" for span in spans for tag in span["tags"])
    return spans[0]["duration"] >= least and (has_error or not failed)


def _span(
    process: str, span_id: str, parent: str | None, name: str, start: int, duration: int, **tags: str
) -> dict[str, Any]:
    named = {key.replace("_", "."): value for key, value in tags.items()}
    return fakes.span(span_id, parent, name, start, duration, named) | {"processID": process}


_gateway, _pricing = partial(_span, "g"), partial(_span, "p")


def _call(peer: str) -> dict[str, str]:
    return {"span.kind": "client", **PEERS[peer]}


def _answer_from_cache(begin: int, query: int) -> list[dict[str, Any]]:
    return [
        _gateway("1", None, "GET /products", begin, 4_000, span_kind="server"),
        _gateway("2", "1", "GET", begin + 900, 1_600, **_call("cache")),
    ]


def _read_prices(begin: int, query: int) -> list[dict[str, Any]]:
    return [
        _gateway("1", None, "GET /products/{product}", begin, query + 34_000, span_kind="server"),
        _gateway("2", "1", "GET", begin + 900, 1_600, **_call("cache")),
        _gateway("3", "1", "GET", begin + 3_000, query + 28_000, **_call("pricing")),
        _pricing("4", "3", "GET /prices", begin + 5_000, query + 24_000, span_kind="server"),
        _pricing("5", "4", "SELECT shop", begin + 9_000, query, **_call("database")),
        _pricing("6", "4", "apply_discounts", begin + 10_000 + query, 12_000),
    ]


def _find_nobody(begin: int, query: int) -> list[dict[str, Any]]:
    failed = {"error": "true", "error.type": "ConnectError"}
    return [
        _gateway("1", None, "GET /products/{product}", begin, 9_000, span_kind="server", error="true"),
        _gateway("2", "1", "GET", begin + 900, 1_600, **_call("cache")),
        _gateway("3", "1", "GET", begin + 3_000, 4_000, **_call("pricing"), **failed),
    ]
