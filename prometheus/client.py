"""Prometheus' HTTP API: queries and rules as requests, and their answers as series and rules.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus.api import AsyncClient as AsyncClient
from prometheus.api import Client as Client
from prometheus.api import Refused as Refused
from prometheus.api import Request as Request
from prometheus.api import SourceAway as SourceAway

SERIES = 5_000
"""Series in the answer to a batch, at most."""

MARK = "whence_query"
"""The label that tells the series of a batch apart."""

Point = tuple[float, float]
"""Unix seconds and a finite value."""


@dataclass(frozen=True)
class TimeSeries:
    """One series: its labels without its name, and its points in order.

    Where nothing was measured, or no finite number but a histogram, say, there is no point.
    """

    labels: Mapping[str, str]
    points: tuple[Point, ...]

    @property
    def last(self) -> float:
        """Its last value; the only one of an instant query."""
        return self.points[-1][1]


Answers = dict[str, list[TimeSeries]]
"""The series with points by the name of their query; a query without data has none."""


@dataclass(frozen=True)
class Rule:
    """A rule as Prometheus evaluated it last; `alerts` are the labels of those that it raises."""

    name: str
    health: str
    error: str
    alerts: tuple[Mapping[str, str], ...]


def query(promql: str, at: float | None = None) -> Request[list[TimeSeries]]:
    """A query at one moment (Unix seconds), by default now."""
    return _query("/api/v1/query", promql, {} if at is None else {"time": at})


def query_range(promql: str, start: float, end: float, step: float) -> Request[list[TimeSeries]]:
    """A query at every `step` seconds from `start` to `end` (Unix seconds)."""
    return _query("/api/v1/query_range", promql, {"start": start, "end": end, "step": step})


def query_batch(queries: Mapping[str, str], at: float) -> Request[Answers]:
    """Queries by name at one moment, in one request."""
    return _batch("/api/v1/query", queries, {"time": at})


def query_range_batch(queries: Mapping[str, str], start: float, end: float, step: float) -> Request[Answers]:
    """Queries by name at every `step` seconds, in one request."""
    return _batch("/api/v1/query_range", queries, {"start": start, "end": end, "step": step})


def rules(alerting: bool = False) -> Request[list[Rule]]:
    """The rules that are loaded: all, or those that alert."""
    return Request("/api/v1/rules", {"type": "alert"} if alerting else {}, read_rules)


def _query(path: str, promql: str, times: Mapping[str, float]) -> Request[list[TimeSeries]]:
    parameters = {"query": promql} | _write(times)
    return Request(path, parameters, lambda content: _read_series(content["data"]["result"]), "POST")


def _batch(path: str, queries: Mapping[str, str], times: Mapping[str, float]) -> Request[Answers]:
    marked = (f'label_replace({promql}, "{MARK}", "{name}", "", "")' for name, promql in queries.items())
    parameters = {"query": " or ".join(marked), "limit": str(SERIES)} | _write(times)
    names = tuple(queries)
    return Request(path, parameters, lambda content: _sort(names, content["data"]["result"]), "POST")


def _write(times: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.15g}" for name, value in times.items()}


def _read_series(result: Sequence[Mapping[str, Any]]) -> list[TimeSeries]:
    return [_read_one(series) for series in result]


def _read_one(series: Mapping[str, Any]) -> TimeSeries:
    labels = {name: str(value) for name, value in series["metric"].items() if name != "__name__"}
    points = [(time, value) for time, text in _samples(series) if math.isfinite(value := float(text))]
    return TimeSeries(labels, tuple(points))


def _samples(series: Mapping[str, Any]) -> Sequence[tuple[float, str]]:
    """Time and number of each sample; a histogram is none."""
    if "histogram" in series or "histograms" in series:
        return list(series.get("values", ()))
    return series["values"] if "values" in series else [series["value"]]


def _sort(names: Sequence[str], result: Sequence[Mapping[str, Any]]) -> Answers:
    answers: Answers = {name: [] for name in names}
    for series in _read_series(result):
        name, labels = series.labels[MARK], {k: v for k, v in series.labels.items() if k != MARK}
        if series.points:
            answers[name].append(TimeSeries(labels, series.points))
    return answers


def read_rules(content: Any) -> list[Rule]:
    """The rules of an answer; Grafana's own are answered in the same form."""
    return [_read_rule(rule) for group in content["data"]["groups"] for rule in group["rules"]]


def _read_rule(rule: Mapping[str, Any]) -> Rule:
    alerts = tuple(dict(alert["labels"]) for alert in rule.get("alerts", ()))
    return Rule(rule["name"], rule["health"], rule.get("lastError", ""), alerts)
