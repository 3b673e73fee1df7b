"""What proves a cause: a signal before the onset and since, with the PromQL to see it again."""

import math
from collections.abc import Callable
from typing import NamedTuple

from diagnosis.signals.series import Values
from diagnosis.topology.finding import Finding
from diagnosis.topology.queries import narrow


class Change(NamedTuple):
    """A mean before the onset and since; NaN where it is not known."""

    before: float
    after: float

    @property
    def times(self) -> float:
        return self.after / self.before if self.before > 0 else math.nan


class Proof(NamedTuple):
    """A signal before and after, its values over time, and its PromQL."""

    says: str
    change: Change
    values: Values
    query: str
    unit: str = ""


Prove = Callable[[Finding], Proof]


def of_processes(query: str, says: str, unit: str = "", scale: float = 1.0) -> Prove:
    """A query of PROCESSES about the suspect, its values by `scale` in `unit`.

    `says` may use {suspect}, {before} and {after}.
    """

    def prove(finding: Finding) -> Proof:
        where = {"service_name": finding.suspect.name}
        change = Change(*(level / scale for level in finding.level(query, **where)))
        return Proof(
            says.format(suspect=finding.suspect, before=change.before, after=change.after),
            change,
            finding.seen.aligned.one(query, **where) / scale,
            narrow(query, finding.suspect.name, scale),
            unit,
        )

    return prove
