"""Is what a verdict cites so? Its traces exist; its series moved, when asked again by somebody else."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bench.incidents.outcome import EvidenceCheck
from bench.incidents.stacks import BenchStack

STEP = 5.0
BEFORE, AFTER = 120.0, 60.0
"""Seconds of the steady time, and of the latest, for which a cited query is asked again."""

TOLERANCE = 0.05
"""Of the larger value: less is no move."""

LEAST_POINTS = 4

Points = Sequence[tuple[float, float]]


def check_evidence(verdict: Mapping[str, Any], stack: BenchStack, injected_at: float) -> EvidenceCheck:
    """Look up each cited trace; ask each query again that is cited for something that moved."""
    traces = [cited["trace_id"] for cited in verdict.get("traces", ())]
    statements = [s for s in verdict.get("evidence", ()) if s.get("query") and _claim(s)]
    now = time.time()
    return EvidenceCheck(
        traces_cited=len(traces),
        traces_found=sum(stack.has_trace(trace) for trace in traces),
        series_cited=len(statements),
        series_confirmed=sum(
            _shows(statement, injected_at) and _has_moved(stack, statement, injected_at, now)
            for statement in statements
        ),
    )


def _claim(statement: Mapping[str, Any]) -> int:
    """The direction of the change it claims: 0 when it says that something stayed."""
    before, after = statement.get("before"), statement.get("after")
    return direction(before, after) if before is not None and after is not None else 0


def direction(before: float, after: float) -> int:
    """1 up, -1 down, 0 as good as unmoved."""
    if abs(after - before) <= TOLERANCE * max(abs(before), abs(after)):
        return 0
    return 1 if after > before else -1


def _shows(statement: Mapping[str, Any], injected_at: float) -> bool:
    """Its own chart, split at the true moment, goes the way it says; a chart too short to tell may pass."""
    points = [(at, value) for at, value in statement.get("points", ())]
    before = [value for at, value in points if at < injected_at]
    after = [value for at, value in points if at >= injected_at]
    if min(len(before), len(after)) < LEAST_POINTS:
        return True
    return direction(statistics.median(before), _level(after, _claim(statement))) == _claim(statement)


def _level(values: Sequence[float], claim: int) -> float:
    """The quartile on the side of the claim: faults may come and go."""
    return statistics.quantiles(values, n=4)[2 if claim > 0 else 0]


def _has_moved(stack: BenchStack, statement: Mapping[str, Any], injected_at: float, now: float) -> bool:
    """Any series of its query, or its share of all of them, went the way it says."""
    series = stack.query_range(statement["query"], injected_at - BEFORE, now, STEP)
    read = [_rates(each.points) for each in series]
    claim = _claim(statement)
    return any(_went(points, claim, injected_at, now) for points in (*read, *_shares(read)))


def _rates(points: Points) -> Points:
    """The growth of what only grows, such as a counter; anything else as it is."""
    grows = all(b >= a for (_, a), (_, b) in pairwise(points)) and len(points) > 1
    if not grows or points[0][1] == points[-1][1]:
        return points
    return [(t, b - a) for (_, a), (t, b) in pairwise(points)]


def _shares(read: Sequence[Points]) -> Iterator[Points]:
    totals: dict[float, float] = {}
    for points in read:
        for at, value in points:
            totals[at] = totals.get(at, 0.0) + value
    for points in read:
        yield [(at, value / totals[at]) for at, value in points if totals[at]]


def _went(points: Points, claim: int, injected_at: float, now: float) -> bool:
    """The latest level is further from the steady median, on the claimed side, than the steady quarters
    are from each other. What was not there before or is no more counts as nothing there."""
    before = [value for at, value in points if at < injected_at]
    after = [value for at, value in points if at >= now - AFTER]
    if max(len(before), len(after)) < LEAST_POINTS:
        return False
    if min(len(before), len(after)) < LEAST_POINTS:
        return claim == (1 if len(after) >= LEAST_POINTS else -1)
    quarters = statistics.quantiles(before, n=4)
    usual, latest = statistics.median(before), _level(after, claim)
    return abs(latest - usual) > quarters[2] - quarters[0] and direction(usual, latest) == claim
