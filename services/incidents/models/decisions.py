"""What is known of decisions about models, from files: the audit trail and OpenLineage events."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from decisions.audit import Entry, Trail, TrailError
from decisions.lineage.history import Training, read_trainings

REMEMBERED = 1_000
"""Entries of the audit trail that are looked at, the newest."""


class Experiment(BaseModel):
    """An experiment as the audit trail has it: percent of the users by version, and what came of it.

    `decided` is by variant and metric; empty while it runs, or if nothing is known.
    """

    name: str
    service: str | None
    model: str | None
    who: str
    began: datetime
    ended: datetime | None
    shares: dict[str, float]
    decided: dict[str, dict[str, str]]
    text: str


class Known(BaseModel):
    """All of it, newest first; `missing` says in a line each what could not be read."""

    model_config = ConfigDict(frozen=True)

    trainings: list[Training]
    changes: list[Entry]
    missing: list[str]

    def of(self, versions: Collection[tuple[str, str]]) -> "Known":
        """What may be about these, each a service and a version: others may have versions of its name."""
        return self.model_copy(
            update={
                "trainings": [
                    run
                    for run in self.trainings
                    if run.service is None or (run.service, run.version) in versions
                ],
                "changes": [
                    entry
                    for entry in self.changes
                    if entry.service is None
                    or any((entry.service, name) in versions for name in entry.versions)
                ],
            }
        )

    @property
    def experiments(self) -> list[Experiment]:
        """Those that began within the entries, newest first; another split of the users ends one, too."""
        found: list[Experiment] = []
        ends: dict[str, Entry] = {}
        later: Entry | None = None
        for entry in self.changes:
            if entry.what == "experiment.ended":
                ends[entry.subject] = entry
            elif entry.what == "experiment.begun":
                found.append(_read_experiment(entry, ends.pop(entry.subject, later)))
            later = entry if entry.is_serving else later
        return found


class Decisions:
    """Reads all files, of each the end, in a thread, and again only when one has changed."""

    def __init__(self, audit_file: Path, lineage_files: Sequence[Path]) -> None:
        self._trail = Trail(audit_file)
        self._lineage_files = lineage_files
        self._files = audit_file, *lineage_files
        self._turn = asyncio.Lock()
        self._read_as: tuple[object, ...] = ()
        self._known = Known(trainings=[], changes=[], missing=[])

    async def read(self) -> Known:
        """What can be read of them."""
        async with self._turn:
            found = await asyncio.to_thread(lambda: tuple(map(_identify, self._files)))
            if found != self._read_as or self._known.missing:
                self._known, self._read_as = await asyncio.to_thread(self._read), found
            return self._known

    def _read(self) -> Known:
        missing: list[str] = []
        trainings: list[Training] = []
        changes: list[Entry] = []
        try:
            trainings = read_trainings(*self._lineage_files)
        except OSError as error:
            missing.append(f"Lineage cannot be read: {error.strerror or error}.")
        try:
            changes = self._trail.latest(REMEMBERED)
        except TrailError as error:
            missing.append(f"The audit trail cannot be read: {error}.")
        return Known(trainings=trainings, changes=changes, missing=missing)


def _identify(file: Path) -> tuple[int, ...] | None:
    """What is different when a file has changed; None if it cannot be looked at."""
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _read_experiment(begun: Entry, ended: Entry | None) -> Experiment:
    outcome = ended.evidence if ended and isinstance(ended.evidence, dict) else {}
    decided = outcome.get("decided")
    return Experiment(
        name=begun.subject,
        service=begun.service,
        model=begun.model,
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
