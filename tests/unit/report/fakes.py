"""Sources that answer from memory."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx

from prometheus.client import MARK, Client
from report.inbox import Inbox

NOW = 1_795_219_200  # Sat 21 Nov 2026 00:00 UTC
HOUR, DAY = 3_600, 86_400

Handle = Callable[[httpx.Request], httpx.Response]
Values = Callable[[float], float | None]
Known = Mapping[str, list[tuple[dict[str, str], Values]]]
"""What is known by the name of the question: labels, and the value at a moment."""


def answer_from(known: Known) -> Handle:
    """A handler that answers range and instant queries as Prometheus does."""

    def handle(request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        result = []
        for name in re.findall(rf'"{MARK}", "(\w+)"', form["query"]):
            for labels, value_at in known.get(name, []):
                metric = {**labels, MARK: name}
                if "time" in form:
                    at = float(form["time"])
                    if (value := value_at(at)) is not None:
                        result.append({"metric": metric, "value": [at, str(value)]})
                elif values := _walk(form, value_at):
                    result.append({"metric": metric, "values": values})
        return httpx.Response(200, json={"status": "success", "data": {"result": result}})

    return handle


def _walk(form: dict[str, str], value_at: Values) -> list[Any]:
    start, end, step = (float(form[name]) for name in ("start", "end", "step"))
    times = [start + number * step for number in range(int((end - start) // step) + 1)]
    return [[time, str(value)] for time in times if (value := value_at(time)) is not None]


def prometheus(handle: Handle) -> Client:
    return Client("Prometheus", "http://prometheus.test", 30, httpx.MockTransport(handle))


def inbox(handle: Handle) -> Inbox:
    return Inbox("http://incidents.test", httpx.MockTransport(handle))


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def pages(*incidents: dict[str, Any]) -> Handle:
    """An inbox of these incidents, newest first."""

    def handle(request: httpx.Request) -> httpx.Response:
        limit, before = int(request.url.params["limit"]), int(request.url.params.get("before", 10**9))
        found = [one for one in incidents if one["id"] < before][:limit]
        following = found[-1]["id"] if len(found) == limit else None
        return httpx.Response(200, content=json.dumps({"incidents": found, "next_before": following}))

    return handle


SLOW = (NOW - 3 * DAY, NOW - 3 * DAY + 2 * HOUR)
DOWN = (NOW - 2 * DAY, NOW - 2 * DAY + 5 * HOUR)
CANARY = (NOW - DAY, NOW - DAY + 4 * HOUR)
OLD, NEW = {"model_version": "als32-aaaaaa"}, {"model_version": "als16-bbbbbb"}


def during(span: tuple[float, float], time: float) -> bool:
    return span[0] < time <= span[1]


def story(since: float = 0) -> Known:
    """A service heard from `since` on: storage slow once, everything down once, another version once."""

    def when(value: Values) -> Values:
        return lambda time: None if time <= since or during(DOWN, time) else value(time)

    def always(value: float) -> Values:
        return when(lambda time: value)

    slow = when(lambda time: 0.8 if during(SLOW, time) else 0.04)
    hits = when(lambda time: 0.2 if during(SLOW, time) else 0.37)
    new = when(lambda time: 5.0 if during(CANARY, time) else None)
    labels = {"service_name": "recommender", "objective": "availability"}
    return {
        "scrapes": [({}, when(lambda time: 5.0))],
        "counted": [(labels, always(1000))],
        "requests": [(OLD, always(20)), (NEW, new)],
        "bad": [(labels, when(lambda time: 20.0 if during(SLOW, time) else 0.0))],
        "hit_rate": [
            ({}, hits),
            (OLD, hits),
            (NEW, when(lambda time: 0.2 if during(CANARY, time) else None)),
        ],
        "answers": [
            ({"source": "personalised", "reason": "ok"}, always(19)),
            ({"source": "popular", "reason": "storage_deadline"}, always(1)),
        ],
        "storage_p50": [({}, slow)],
        "storage_p95": [({}, slow)],
        "response_p95": [({}, slow)],
        "p95": [({}, slow)],
        "misses": [({}, always(0.01))],
        "operations": [({}, always(20))],
        "labelled": [(OLD, always(20)), (NEW, new)],
        "hits": [(OLD, always(7)), (NEW, new)],
        "shown": [(OLD, always(200))],
        "clicks": [(OLD, always(9))],
        "thumbs": [({**OLD, "direction": "up"}, always(0.1))],
        "models": [({**OLD, "dataset_id": "9f31c07ab2e4"}, always(1))],
        "answered": [({"job": "prometheus"}, always(180)), ({"job": "minio"}, always(90))],
        "tried": [({"job": "prometheus"}, always(180)), ({"job": "minio"}, always(180))],
        "pushed": [({"service_name": "recommender"}, always(360))],
        "served": [({}, always(20))],
        "total0": [({}, always(100))],
        "grown0_0": [({}, always(0.001))],
    }


def incident(number: int, *alerts: dict[str, Any]) -> dict[str, Any]:
    ends = [alert["ends_at"] for alert in alerts]
    return {
        "id": number,
        "status": "resolved",
        "started_at": min(alert["starts_at"] for alert in alerts),
        "ended_at": None if None in ends else max(ends),
        "alerts": list(alerts),
    }


def alert(name: str, start: float, seconds: float | None, **labels: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": "resolved" if seconds else "firing",
        "severity": labels.get("severity", "critical"),
        "starts_at": _iso(start),
        "ends_at": _iso(start + seconds) if seconds else None,
        "labels": {"service_name": "recommender", **labels},
        "annotations": {"summary": f"{name} <b>now</b>"},
    }


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()
