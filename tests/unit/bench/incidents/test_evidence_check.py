import math
from typing import Any, cast

import numpy as np
import pytest

from bench.incidents.evidence_check import check_evidence
from bench.incidents.outcome import EvidenceCheck
from bench.incidents.stacks import BenchStack
from prometheus.client import TimeSeries

INJECTED, NOW = 1_000.0, 1_100.0
TIMES = [INJECTED - 120 + 5 * n for n in range(44)]


def after(time: float) -> bool:
    return time >= INJECTED + 10


SERIES: dict[str, list[list[float]]] = {
    "rises": [[5.0 if after(t) else 1.0 + t % 10 / 100 for t in TIMES]],
    "stays": [[1.0 + t % 10 / 100 for t in TIMES]],
    "a counter that goes on as before": [[2.0 * n for n in range(44)]],
    "a counter that stops": [[2.0 * min(n, 26) for n in range(44)]],
    "nothing": [],
    "comes and goes": [[5.0 if after(t) and t % 20 < 10 else 1.0 + t % 10 / 100 for t in TIMES]],
    "only afterwards": [[1.0 for t in TIMES if after(t)]],
    "only before": [[1.0 if not after(t) else math.nan for t in TIMES]],
    "hardly there": [[1.0, 5.0]],
}


class FakeStack:
    """Has one trace, and the series above."""

    def has_trace(self, trace_id: str) -> bool:
        return trace_id == "there"

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[TimeSeries]:
        assert (start, end, step) == (INJECTED - 120, NOW, 5.0)
        return [
            TimeSeries({}, np.array([(t, v) for t, v in zip(TIMES[-len(of) :], of, strict=True) if v == v]))
            for of in SERIES[promql]
        ]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.incidents.evidence_check.time.time", lambda: NOW)


def check(*statements: dict[str, Any], traces: tuple[str, ...] = ()) -> EvidenceCheck:
    verdict = {"evidence": list(statements), "traces": [{"trace_id": trace} for trace in traces]}
    return check_evidence(verdict, cast(BenchStack, FakeStack()), injected_at=INJECTED)


def cite(query: str, *, up: bool = True) -> dict[str, Any]:
    return {"statement": "so", "query": query, "before": 1.0, "after": 5.0 if up else 0.1}


@pytest.mark.parametrize(
    ("query", "risen", "fallen"),
    [
        ("rises", 1, 0),
        ("comes and goes", 1, 0),
        ("stays", 0, 0),
        ("a counter that goes on as before", 0, 0),
        ("a counter that stops", 0, 1),
        ("nothing", 0, 0),
        ("only afterwards", 1, 0),
        ("only before", 0, 1),
        ("hardly there", 0, 0),
    ],
)
def test_a_cited_series_has_to_have_moved_as_it_says(query: str, risen: int, fallen: int) -> None:
    assert check(cite(query)).series_confirmed == risen
    assert check(cite(query, up=False)).series_confirmed == fallen


def test_a_statement_whose_own_chart_says_otherwise_is_not_confirmed() -> None:
    points = [[t, 5.0 if after(t) else 1.0] for t in TIMES]
    assert check(cite("rises") | {"points": points}).series_confirmed == 1
    assert check(cite("rises", up=False) | {"points": points}).series_confirmed == 0


def test_what_is_said_to_have_stayed_is_no_claim() -> None:
    assert check(cite("stays") | {"after": 1.01}).series_cited == 0


def test_cited_traces_have_to_exist() -> None:
    assert check(traces=("there", "invented")) == EvidenceCheck(traces_cited=2, traces_found=1)
