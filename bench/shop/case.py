"""What is run, and what came of it: a fault of the shop, its alerts, the verdict, and the evidence for it."""

import gzip
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.incidents.recording import shrink
from diagnosis import Evidence, Verdict
from diagnosis.topology.engine import diagnose_services
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
SUFFIX = ".json.gz"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Case(_Part):
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


class Counts(_Part):
    """What users saw: the share of requests that failed, the median of the 95th percentiles in seconds."""

    failed: float
    p95: float


class Alert(_Part):
    """When an alert on a service of the shop began to fire, in Unix seconds."""

    name: str
    service: str
    at: float


class Run(_Part):
    """A case that was run. Times are Unix seconds.

    `evidence` and `addresses` are what the diagnosis of `services` read then, `first` is its verdict, and
    `shown` the incident's own, if it has one; both are kept without their evidence.
    """

    case: Case
    injected_at: float
    asked_at: float
    before: Counts
    after: Counts
    alerts: list[Alert] = []
    services: list[str] = []
    shown: Verdict | None = None
    first: Verdict | None = None
    evidence: Evidence
    addresses: dict[str, str] = {}
    load: float = 0.0

    @property
    def alerted_at(self) -> float | None:
        return min((alert.at for alert in self.alerts), default=None)


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


def diagnose(run: Run) -> Verdict:
    """The verdict of today's engine on the evidence of that time."""
    return diagnose_services(run.evidence, run.addresses, run.services, alerted_at=run.alerted_at)


def write_run(folder: Path, run: Run) -> None:
    """Write `<id>.json.gz` as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {name: _bare(verdict) for name in ("shown", "first") if (verdict := getattr(run, name))}
    small = run.model_copy(update={"evidence": shrink(run.evidence), **said})
    file = folder / f"{run.case.id}{SUFFIX}"
    partial = file.with_suffix(".partial")
    partial.write_bytes(gzip.compress(small.model_dump_json(exclude_defaults=True).encode(), mtime=0))
    os.replace(partial, file)


def _bare(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"evidence": [], "traces": [], "alternatives": []})


def read_runs(folder: Path) -> list[Run]:
    """All runs of a folder, by name. Raises ValueError naming a file that is not one."""
    return [_read(file) for file in sorted(folder.glob(f"*{SUFFIX}"))]


def _read(file: Path) -> Run:
    try:
        return Run.model_validate_json(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{file} is not a run: {str(error).splitlines()[0]}; delete it") from None
