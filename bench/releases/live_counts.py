"""What Prometheus counted of both versions in a release: minute by minute, and users."""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

from bench.incidents.stacks import BenchStack
from bench.releases.live_case import Counted, Minute
from decisions.experiments.queries import DURATION, EVENT, EVENTS, USERS, VERSION
from prometheus import queries as q
from prometheus.client import TimeSeries
from stack import StackError

MINUTE = 60
LABELS = 30.0
"""Seconds from an answer to its label in Prometheus: an attribution window of 15 s, and two exports."""

LOOK = 5.0
COUNTED = {"request": "requests", "failed": "failed", "labelled": "labelled", "hit": "hits"}


def last_minute(begun: int, ended: float) -> int:
    """The end (Unix seconds) of the minute in which the last labels of a release come."""
    return begun + MINUTE * ceil((ended + LABELS - begun) / MINUTE)


def read_minutes(stack: BenchStack, live: str, candidate: str, begun: int, end: int) -> list[Minute]:
    """Of each minute between two Unix times. Raises StackError if Prometheus has nothing of the versions."""
    versions, events = q.one_of(VERSION, (live, candidate)), q.one_of(EVENT, COUNTED)
    totals = q.total(q.select(EVENTS, versions, events), EVENTS, [VERSION, EVENT])
    slowest = q.quantile(0.99, DURATION, versions, by=[VERSION], window="60s")
    counted = _by_version(stack.query_range(totals, begun, end, MINUTE))
    p99 = _by_version(stack.query_range(slowest, begun, end, MINUTE))
    if not counted:
        raise StackError("Prometheus has counted nothing of the two versions: see its log")

    def count(version: str, at: int) -> Counted:
        grown = {
            field: round(counted[version, event].get(at, 0) - counted[version, event].get(at - MINUTE, 0))
            for event, field in COUNTED.items()
        }
        took = p99[version, ""].get(at)
        return Counted(**grown, p99=None if took is None else round(took, 4))

    return [
        Minute(at=at, live=count(live, at), candidate=count(candidate, at))
        for at in range(begun + MINUTE, end + 1, MINUTE)
    ]


def read_reach(stack: BenchStack, candidate: str, users: int, begun: int, end: float) -> float:
    """The share (0–1) of all users that has seen the version, at the step with most of them.

    Not of those who came in that step: of them it is the step's own share, however soon it ended.
    """
    seen = q.highest(USERS, q.equal(VERSION, candidate), by=[VERSION])
    found = _by_version(stack.query_range(seen, begun, end, LOOK))
    return round(max(found[candidate, ""].values(), default=0.0) / users, 4)


def _by_version(found: Sequence[TimeSeries]) -> defaultdict[tuple[str, str], dict[int, float]]:
    """Values at Unix seconds, by version and event; a counter that has not begun has none."""
    values: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for each in found:
        key = each.labels[VERSION], each.labels.get(EVENT, "")
        values[key].update({round(at): value for at, value in each.points})
    return values
