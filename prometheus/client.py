"""Prometheus' HTTP API: queries and rules as requests, and their answers as series and rules.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, GetPydanticSchema
from pydantic_core import core_schema

from prometheus.api import AsyncClient as AsyncClient
from prometheus.api import Client as Client
from prometheus.api import Refused as Refused
from prometheus.api import Request as Request
from prometheus.api import SourceAway as SourceAway

SERIES = 5_000
"""Series in the answer to a batch, at most."""

MARK = "whence_query"
"""The label that tells the series of a batch apart."""

AT_ONCE = 50
"""Series that are read together, in about two milliseconds."""

BEFORE, FIRST, AFTER = b'{"data":{"result":[', b'{"metric":', b"]}}"
"""What is around the series of an answer, and what each begins with."""

Point = tuple[float, float]
"""Unix seconds and a finite value."""

Samples = NDArray[np.float64]
"""Points as an array: a row for each."""


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """One series: its labels without its name, and its points in order.

    Where nothing was measured, or no finite number but a histogram, say, there is no point.
    """

    labels: Mapping[str, str]
    samples: Samples = field(repr=False)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The same in Python's numbers."""
        return tuple((time, value) for time, value in self.samples.tolist())

    @property
    def last(self) -> float:
        """Its last value; the only one of an instant query."""
        return float(self.samples[-1, 1])


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
    return Request("/api/v1/rules", {"type": "alert"} if alerting else {}, _read_rules)


def _query(path: str, promql: str, times: Mapping[str, float]) -> Request[list[TimeSeries]]:
    parameters = {"query": promql} | _write(times)
    return Request(path, parameters, _read_series, "POST")


def _batch(path: str, queries: Mapping[str, str], times: Mapping[str, float]) -> Request[Answers]:
    marked = (f'label_replace({promql}, "{MARK}", "{name}", "", "")' for name, promql in queries.items())
    parameters = {"query": " or ".join(marked), "limit": str(SERIES)} | _write(times)
    names = tuple(queries)
    return Request(path, parameters, lambda body: _sort(names, _read_series(body)), "POST")


def _write(times: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.15g}" for name, value in times.items()}


def _pack(points: Sequence[Point]) -> Samples:
    """Those with a finite value."""
    numbers = np.fromiter(chain.from_iterable(points), np.float64, 2 * len(points)).reshape(-1, 2)
    return numbers[np.isfinite(numbers[:, 1])]


def _read_as(written: Any, pack: Callable[[Any], Samples]) -> GetPydanticSchema:
    return GetPydanticSchema(
        lambda _, read: core_schema.no_info_after_validator_function(pack, read(written))
    )


NO_SAMPLES = _pack([])


class _Series(BaseModel):
    """A series of an answer: `values` of a range, `value` of a moment; a histogram has neither.

    Each becomes an array as it is read: an answer with many makes millions of numbers, and Python's own take
    ten times the time and space.
    """

    metric: dict[str, str]
    values: Annotated[Samples, _read_as(list[Point], _pack)] | None = None
    value: Annotated[Samples, _read_as(Point, lambda point: _pack([point]))] | None = None


class _Result(BaseModel):
    result: list[_Series]


class _Answer(BaseModel):
    data: _Result


def _read_series(body: bytes) -> list[TimeSeries]:
    return [
        _read_one(series)
        for part in _divide(body)
        for series in _Answer.model_validate_json(part).data.result
    ]


def _divide(body: bytes) -> Iterator[bytes]:
    """The same answer as several with AT_ONCE series each: while one is read, no other thread can run.

    In a name or value of a label the quotes of FIRST are escaped.
    """
    before, *each = body.split(FIRST)
    if not each:
        yield before
    for start in range(0, len(each), AT_ONCE):
        part = BEFORE + FIRST + FIRST.join(each[start : start + AT_ONCE])
        yield part.rstrip(b", \n") + AFTER if start + AT_ONCE < len(each) else part


def _read_one(series: _Series) -> TimeSeries:
    labels = {name: value for name, value in series.metric.items() if name != "__name__"}
    found = (samples for samples in (series.values, series.value) if samples is not None)
    return TimeSeries(labels, next(found, NO_SAMPLES))


def _sort(names: Sequence[str], found: Sequence[TimeSeries]) -> Answers:
    answers: Answers = {name: [] for name in names}
    for series in found:
        name, labels = series.labels[MARK], {k: v for k, v in series.labels.items() if k != MARK}
        if len(series.samples):
            answers[name].append(TimeSeries(labels, series.samples))
    return answers


def _read_rules(body: bytes) -> list[Rule]:
    return read_rules(json.loads(body))


def read_rules(content: Any) -> list[Rule]:
    """The rules of an answer; Grafana's own are answered in the same form."""
    return [_read_rule(rule) for group in content["data"]["groups"] for rule in group["rules"]]


def _read_rule(rule: Mapping[str, Any]) -> Rule:
    alerts = tuple(dict(alert["labels"]) for alert in rule.get("alerts", ()))
    return Rule(rule["name"], rule["health"], rule.get("lastError", ""), alerts)
