"""The stack's own parts that are away: what keeps metrics, traces and alerts, and does not answer."""

from typing import NamedTuple

import numpy as np

from diagnosis.signals.series import AlignedSeries, Row, Values
from diagnosis.topology.entity import Kind
from diagnosis.verdict.statements import make_statement
from diagnosis.verdict.verdict import Place, Statement, Verdict
from prometheus import queries as q
from prometheus.series import external

NAME = "parts"
QUERY = q.lowest(external.UP, by=["component", "instance"])
"""1 for a part that answers, 0 for one that does not."""

HEARD = 30.0
"""Seconds before the end of a window in which something has to be known of a part: three scrapes."""

SURE = 0.9
"""Confidence in what was seen: whoever asks may be the one that cannot reach it."""


class Away(NamedTuple):
    """A part that does not answer, and since when (Unix seconds)."""

    place: Place
    since: float
    values: Values


def examine_parts(aligned: AlignedSeries) -> Verdict | None:
    """The verdict on the part that is away longest at the end of a window; None if all answer."""
    away = sorted(filter(None, (_look(aligned, row) for row in aligned.rows(NAME))), key=lambda it: it.since)
    if not away:
        return None
    names = list(dict.fromkeys(each.place.name for each in away))
    first = away[0]
    return Verdict(
        domain="telemetry",
        cause="part-down",
        component=first.place.name,
        entity=first.place,
        path=[first.place],
        confidence=SURE,
        summary=f"{_list(names)} {'does' if len(names) == 1 else 'do'} not answer.",
        onset=first.since,
        evidence=[_state(aligned, each) for each in away],
        remedy=f"See whether {first.place.name} runs, and the last lines of its log. docs/scale.md says what "
        "is lost while a part of the distributed stack is away.",
        runbook="/runbooks/target-down",
    )


def _look(aligned: AlignedSeries, row: Row) -> Away | None:
    """Whether a part stopped answering in the window: one that never did is no news."""
    known = np.flatnonzero(np.isfinite(row.values))
    answered = known[row.values[known] > 0]
    heard = len(known) and aligned.times[known[-1]] >= aligned.evidence.end - HEARD
    if not heard or not len(answered) or answered[-1] == known[-1]:
        return None
    first = known[known > answered[-1]][0]
    return Away(_name(row), float(aligned.times[first]), row.values)


def _name(row: Row) -> Place:
    """An instance that has a name of its own; an address says less than what it is one of."""
    instance = row.labels.get("instance", "")
    named = instance and ":" not in instance
    return Place(kind=Kind.PEER, name=instance if named else row.labels.get("component", instance))


def _state(aligned: AlignedSeries, away: Away) -> Statement:
    says = f"{away.place.name} answers: 1, or does not: 0"
    return make_statement(aligned, says, QUERY, (1.0, 0.0), away.values, "1", away.place)


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
