"""Sources that answer from memory."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx

from report.inbox import Inbox
from report.sources import Prometheus

NOW = 1_795_219_200  # Sat 21 Nov 2026 00:00 UTC
HOUR, DAY = 3_600, 86_400

Values = Callable[[float], float | None]
Known = Mapping[str, list[tuple[dict[str, str], Values]]]
"""What is known by the name of the question: labels, and the value at a moment."""


def answer_from(known: Known) -> Callable[[httpx.Request], httpx.Response]:
    """A handler that answers range and instant queries as Prometheus does."""

    def handle(request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        result = []
        for name in re.findall(r'"asked", "(\w+)"', form["query"]):
            for labels, value_at in known.get(name, []):
                metric = {**labels, "asked": name}
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


def prometheus(handle: Callable[[httpx.Request], httpx.Response]) -> Prometheus:
    return Prometheus("http://prometheus.test", httpx.MockTransport(handle))


def inbox(handle: Callable[[httpx.Request], httpx.Response]) -> Inbox:
    return Inbox("http://incidents.test", httpx.MockTransport(handle))


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def pages(*incidents: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """An inbox of these incidents, newest first."""

    def handle(request: httpx.Request) -> httpx.Response:
        limit, before = int(request.url.params["limit"]), int(request.url.params.get("before", 10**9))
        found = [one for one in incidents if one["id"] < before][:limit]
        following = found[-1]["id"] if len(found) == limit else None
        return httpx.Response(200, content=json.dumps({"incidents": found, "next_before": following}))

    return handle
