"""What proves a cause: a signal before the onset and since, with the PromQL to see it again."""

import math
from collections.abc import Callable
from typing import NamedTuple

from diagnosis.signals.series import Values
from diagnosis.topology.entity import Entity
from diagnosis.topology.finding import Finding
from diagnosis.topology.instances import youngest
from diagnosis.topology.queries import narrow
from prometheus import queries as q
from prometheus.services import processes


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


def of_processes(
    signal: str,
    says: str,
    unit: str = "",
    scale: float = 1.0,
    of: Callable[[Finding], Entity] = lambda finding: finding.suspect,
) -> Prove:
    """A signal of the processes of a service or of the host, its values by `scale` in `unit`.

    `says` may use {service}, {before} and {after}.
    """

    def prove(finding: Finding) -> Proof:
        service = of(finding)
        values = finding.signal(signal, service) / scale
        change = Change(*finding.change(values))
        return Proof(
            says.format(service=service, before=change.before, after=change.after),
            change,
            values,
            narrow(signal, service.name, scale),
            unit,
        )

    return prove


def prove_age(finding: Finding) -> Proof:
    """How old the suspect's youngest process is."""
    ages = finding.seen.aligned.times - youngest(finding)
    change = Change(*finding.change(ages))
    return Proof(
        f"The youngest process of {finding.suspect} is {change.after:.0f} s old on average "
        f"instead of {change.before:.0f} s.",
        change,
        ages,
        processes.age(q.equal("service_name", finding.suspect.name)),
        "s",
    )
