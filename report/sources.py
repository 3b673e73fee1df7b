"""Asking Prometheus: many questions in one query, bounded in time and size."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from report.period import Period

TIMEOUT = 30.0
SERIES = 500

Point = tuple[float, float]
"""Unix seconds and a finite value."""


class SourceAway(Exception):
    """A source did not answer, or not with what was asked for; the message says which and how."""


@dataclass(frozen=True)
class Curve:
    """One series: its labels and its points in order. Where nothing was measured there is no point."""

    labels: Mapping[str, str]
    points: tuple[Point, ...]

    @property
    def last(self) -> float:
        """Its last value; the only one of an instant query."""
        return self.points[-1][1]


Answers = Mapping[str, list[Curve]]
"""The curves by the name of the question; a question without answer has no curves."""

_ASKED = "asked"


class Prometheus:
    """Prometheus' HTTP API, or one that is compatible with it."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None) -> None:
        self.address = address
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False, transport=transport)

    def ask_course(self, questions: Mapping[str, str], period: Period, step: int | None = None) -> Answers:
        """Each PromQL at the ends of the period's steps. Raises SourceAway."""
        grid = period.grid(step)
        times = {"start": grid[0], "end": grid[-1], "step": step or period.step}
        return self._ask("/api/v1/query_range", questions, times)

    def ask_once(self, questions: Mapping[str, str], at: float) -> Answers:
        """Each PromQL at one moment. Raises SourceAway."""
        return self._ask("/api/v1/query", questions, {"time": at})

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def _ask(self, path: str, questions: Mapping[str, str], times: Mapping[str, float]) -> Answers:
        form = {"query": join_questions(questions), "limit": SERIES, **times}
        result = fetch(self._client, "POST", path, "Prometheus", data=form)
        try:
            return sort_answers(questions, result["data"]["result"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SourceAway("Prometheus gave an answer that is not its API's.") from None


def join_questions(questions: Mapping[str, str]) -> str:
    """One query for all of them; what is found carries the name of its question."""
    return " or ".join(
        f'label_replace({promql}, "{_ASKED}", "{name}", "", "")' for name, promql in questions.items()
    )


def sort_answers(names: Iterable[str], result: list[dict[str, Any]]) -> Answers:
    """The series of an API answer by the question they are for."""
    answers: dict[str, list[Curve]] = {name: [] for name in names}
    for series in result:
        labels = dict(series["metric"])
        raw = series.get("values") or [series["value"]]
        points = tuple((float(time), value) for time, text in raw if math.isfinite(value := float(text)))
        if points:
            answers[labels.pop(_ASKED)].append(Curve(labels, points))
    return answers


def fetch(client: httpx.Client, method: str, path: str, name: str, **content: Any) -> Any:
    """The JSON of an answer. Raises SourceAway, naming the source."""
    try:
        answer = client.request(method, path, **content)
        answer.raise_for_status()
        return answer.json()
    except httpx.TimeoutException:
        raise SourceAway(f"{name} did not answer within {TIMEOUT:.0f} s at {client.base_url}.") from None
    except httpx.HTTPStatusError as error:
        raise SourceAway(f"{name} answered with {_reason(error.response)}.") from None
    except httpx.HTTPError:
        raise SourceAway(f"{name} cannot be reached at {client.base_url}.") from None
    except ValueError:
        raise SourceAway(f"{name} gave an answer that is not JSON.") from None


def _reason(answer: httpx.Response) -> str:
    try:
        detail = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        detail = ""
    return f"status {answer.status_code}{': ' if detail else ''}{detail[:200]}"
