"""What is known of decisions about models, from files: the audit trail and OpenLineage events."""

import asyncio
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from decisions.audit import Entry, Trail, TrailError
from decisions.lineage.history import Training, read_trainings

REMEMBERED = 1_000
"""Entries of the audit trail that are looked at, the newest."""


class Experiment(BaseModel):
    """An experiment as the audit trail has it: percent of the users by version, and what came of it.

    `decided` is by variant and metric; empty while it runs, or if nothing is known.
    """

    name: str
    who: str
    began: datetime
    ended: datetime | None
    shares: dict[str, float]
    decided: dict[str, dict[str, str]]
    text: str


class Known(BaseModel):
    """All of it, newest first; `missing` says in a line each what could not be read."""

    trainings: list[Training]
    changes: list[Entry]
    missing: list[str]

    @property
    def experiments(self) -> list[Experiment]:
        """Those that began within the entries, newest first."""
        found: list[Experiment] = []
        ends: dict[str, Entry] = {}
        for entry in self.changes:
            if entry.what == "experiment.ended":
                ends[entry.subject] = entry
            elif entry.what == "experiment.begun":
                found.append(_read_experiment(entry, ends.pop(entry.subject, None)))
        return found


class Decisions:
    """Reads both files anew for each request, in a thread."""

    def __init__(self, audit_file: Path, lineage_file: Path) -> None:
        self._trail = Trail(audit_file)
        self._lineage_file = lineage_file

    async def read(self) -> Known:
        """What can be read of both."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Known:
        missing: list[str] = []
        trainings: list[Training] = []
        changes: list[Entry] = []
        try:
            trainings = read_trainings(self._lineage_file)
        except OSError as error:
            missing.append(f"Lineage cannot be read: {error.strerror or error}.")
        try:
            changes = self._trail.latest(REMEMBERED)
        except TrailError as error:
            missing.append(f"The audit trail cannot be read: {error}.")
        return Known(trainings=trainings, changes=changes, missing=missing)


def _read_experiment(begun: Entry, ended: Entry | None) -> Experiment:
    outcome = ended.evidence if ended and isinstance(ended.evidence, dict) else {}
    decided = outcome.get("decided")
    return Experiment(
        name=begun.subject,
        who=begun.who,
        began=begun.at,
        ended=ended.at if ended else None,
        shares=begun.shares,
        decided={
            variant: {metric: str(said) for metric, said in of.items()}
            for variant, of in (decided.items() if isinstance(decided, dict) else ())
            if isinstance(of, dict)
        },
        text=str(outcome.get("text", "")),
    )
