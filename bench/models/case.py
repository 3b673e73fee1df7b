"""What is run, a fault of a watched model, and what came of it."""

import zlib
from collections.abc import Sequence

from bench.recorded_runs import Part, RecordedRun
from examples.models.faults.catalogue import EXAMPLES, SEVERITIES, Fault, Severity, Truth, read_faults

CONTROL_SEVERITY: Severity = "high"
"""The severity at which each control is run."""


class Case(Part):
    """A fault or control at a severity; the callers of its round are drawn from `seed`."""

    fault: str
    severity: Severity
    seed: int

    @property
    def id(self) -> str:
        return f"{self.fault}-{self.severity}-{self.seed}"

    @property
    def known(self) -> Fault:
        return read_faults()[self.fault]

    @property
    def truth(self) -> Truth:
        return self.known.truth(self.severity)


class Counts(Part):
    """What callers saw: requests per second, the share that failed, the mean loss of the answers, and the
    outcomes told per request."""

    rate: float
    failed: float
    loss: float
    told: float


class Run(RecordedRun):
    """A case that was run."""

    case: Case
    before: Counts
    after: Counts

    @property
    def id(self) -> str:
        return self.case.id


def list_cases(seed: int) -> list[Case]:
    """Every fault at every severity, and the controls once."""
    return [
        Case(fault=fault.name, severity=severity, seed=seed)
        for fault in read_faults().values()
        for severity in ((CONTROL_SEVERITY,) if fault.control else SEVERITIES)
    ]


def draw_seed(cases: Sequence[Case]) -> int:
    """Of the callers of a round: others than in any other round, or chance would count as often."""
    return zlib.crc32(" ".join(case.id for case in cases).encode()) % 2**30


def group(cases: Sequence[Case], sets: int) -> list[list[Case]]:
    """Rounds of cases that are run at once: at most `sets` of each example."""
    by_example = [[case for case in cases if case.known.example == name] for name in EXAMPLES]
    rounds = -(-max(map(len, by_example)) // sets)
    return [
        [case for own in by_example for case in own[number * sets : (number + 1) * sets]]
        for number in range(rounds)
    ]
