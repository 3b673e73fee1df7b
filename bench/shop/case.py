"""What is run, a fault of the shop, and what came of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.recorded_runs import Part, RecordedRun
from examples.shop.faults.catalogue import Fault, Severity, read_faults

USERS_SERVICE = "shop-gateway"
UNUSED_SERVICE = "shop-reports"
"""Of which no user and no service depends: trouble there is no reason to blame anybody for the users'."""

UNLISTED = Path(__file__).with_name("unlisted.yaml")
"""Faults that no cause of the diagnosis was made for."""

REPORTED: tuple[Severity, ...] = ("low", "high")
TRAINING: tuple[Severity, ...] = ("medium",)
CONTROLS = (
    ("nothing", "low"),
    ("restart", "low"),
    ("restart", "high"),
    ("harmless-release", "low"),
    ("surge-within-capacity", "low"),
    ("surge-within-capacity", "high"),
    ("lonely-trouble", "low"),
    ("lonely-trouble", "high"),
)


class Case(Part):
    """A fault or control at a severity; `seed` is that of the users."""

    fault: str
    severity: Severity
    seed: int

    @property
    def id(self) -> str:
        return f"{self.fault}-{self.severity}-{self.seed}"

    @property
    def truth(self) -> Fault:
        return (read_faults() | read_faults(UNLISTED))[self.fault]


class Counts(Part):
    """What users saw: the share of requests that failed, the median of the 95th percentiles in seconds."""

    failed: float
    p95: float


class Run(RecordedRun):
    """A case that was run, and what users saw of it."""

    case: Case
    before: Counts
    after: Counts

    @property
    def id(self) -> str:
        return self.case.id


def list_cases(seed: int, severities: Sequence[Severity]) -> Iterator[Case]:
    """Every fault at these severities; with the reported ones, the controls."""
    for fault in read_faults().values():
        if not fault.control:
            yield from (Case(fault=fault.name, severity=severity, seed=seed) for severity in severities)
    for name, severity in CONTROLS if severities == REPORTED else ():
        yield Case.model_validate({"fault": name, "severity": severity, "seed": seed})


def list_unlisted(seed: int) -> list[Case]:
    """Every fault off the list, once."""
    return [Case(fault=name, severity="medium", seed=seed) for name in read_faults(UNLISTED)]
