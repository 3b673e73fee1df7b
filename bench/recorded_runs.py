"""Runs of examples in files: what was injected, the alerts, the verdict, and the evidence for it."""

import gzip
import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from bench.incidents.recording import shrink
from diagnosis import Evidence, Verdict, diagnose

SUFFIX = ".json.gz"
NOT_BLAMED = ("none", "unknown")
"""Domains of a verdict that blames nothing."""


class Part(BaseModel):
    """A part of a run."""

    model_config = ConfigDict(frozen=True)


class Alert(Part):
    """When an alert on a service of the example began to fire, in Unix seconds."""

    name: str
    service: str
    at: float


class RecordedRun(Part):
    """A case that was run. Times are Unix seconds.

    `evidence` and `addresses` are what the diagnosis of `services` read then, `first` is its verdict, and
    `shown` the incident's own, if it has one; both are kept without their evidence.
    """

    injected_at: float
    asked_at: float
    alerts: list[Alert] = []
    services: list[str] = []
    shown: Verdict | None = None
    first: Verdict | None = None
    evidence: Evidence
    addresses: dict[str, str] = {}
    load: float = 0.0

    @property
    def id(self) -> str:
        """The name of its file."""
        raise NotImplementedError

    @property
    def alerted_at(self) -> float | None:
        return min((alert.at for alert in self.alerts), default=None)


R = TypeVar("R", bound=RecordedRun)


def diagnose_again(run: RecordedRun) -> Verdict:
    """The verdict of today's engine on the evidence of that time."""
    return diagnose(run.evidence, run.addresses, run.services, alerted_at=run.alerted_at)


def write_run(folder: Path, run: RecordedRun) -> None:
    """Write `<id>.json.gz` as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {name: _bare(verdict) for name in ("shown", "first") if (verdict := getattr(run, name))}
    small = run.model_copy(update={"evidence": shrink(run.evidence), **said})
    file = folder / f"{run.id}{SUFFIX}"
    partial = file.with_suffix(".partial")
    partial.write_bytes(gzip.compress(small.model_dump_json(exclude_defaults=True).encode(), mtime=0))
    os.replace(partial, file)


def _bare(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"evidence": [], "traces": [], "alternatives": []})


def read_runs(folder: Path, kind: type[R]) -> list[R]:
    """All runs of a folder, by name. Raises ValueError naming a file that is not one."""
    return [_read(file, kind) for file in sorted(folder.glob(f"*{SUFFIX}"))]


def _read(file: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{file} is not a run: {str(error).splitlines()[0]}; delete it") from None
