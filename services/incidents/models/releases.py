"""The release under way or the last one, and what was decided before: from state file and audit trail."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from decisions.audit import Entry, Trail, TrailError
from decisions.releases.state import Phase, State, Step
from decisions.releases.state_file import StateFile, Unreadable
from services.incidents.models.decisions import REMEMBERED
from services.incidents.models.release_evidence import Decided, Guard, decide

MOST_DECISIONS = 50
"""Of a release, the newest."""
SHOWN = 20
"""Earlier releases, answers of the gate, and of retraining; the newest of each."""
UNATTENDED = 60.0
"""Seconds since the last look from which nobody is at work on a release: it is looked at each 5 s."""

Standing = Literal["passed", "present", "ended here", "ahead"]


class StepShown(BaseModel):
    """A step and where the release is by it."""

    step: Step
    standing: Standing


class Compared(BaseModel):
    """The versions as they were compared at a decision."""

    at: datetime
    guards: dict[str, Guard]


class Release(BaseModel):
    """A release as the audit trail has it, decisions newest first."""

    version: str
    decisions: list[Decided]
    compared: Compared | None
    """At the last decision that compared."""

    @property
    def last(self) -> Entry:
        """The newest entry."""
        return self.decisions[0].entry


class Present(Release):
    """The release of the state file, under way or the last one."""

    state: State
    steps: list[StepShown]
    attended: bool
    """Whether somebody looked within the last minute, or it is over."""


class Releases(BaseModel):
    """All of it, newest first; `missing` says in a line each what could not be read."""

    present: Present | None
    earlier: list[Release]
    gates: list[Decided]
    retrainings: list[Decided]
    missing: list[str]


class ReleaseFiles:
    """Reads both files anew for each request, in a thread."""

    def __init__(self, release_file: Path, audit_file: Path) -> None:
        self._state = StateFile(release_file)
        self._trail = Trail(audit_file)

    async def read(self) -> Releases:
        """What can be read of both."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Releases:
        missing: list[str] = []
        state: State | None = None
        changes: list[Entry] = []
        try:
            state = self._state.read()
        except Unreadable as error:
            missing.append(f"{error}.")
        except OSError as error:
            missing.append(f"The state of the release cannot be read: {error.strerror or error}.")
        try:
            changes = self._trail.latest(REMEMBERED)
        except TrailError as error:
            missing.append(f"The audit trail cannot be read: {error}.")
        return join(state, changes, missing, time.time())


def join(state: State | None, changes: list[Entry], missing: list[str], now: float) -> Releases:
    """What belongs together, of changes newest first, at a time in Unix seconds."""
    releases = _group(reversed(changes))
    own = [each for each in releases if state and _is_of(state, each)]
    return Releases(
        present=_show(state, own[0] if own else [], now) if state else None,
        earlier=[_tell(each) for each in releases if each not in own][:SHOWN],
        gates=_select(changes, "gate."),
        retrainings=_select(changes, "retraining."),
        missing=missing,
    )


def _group(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries, oldest first, by release, newest first: there is one at a time."""
    found: list[list[Entry]] = []
    for entry in entries:
        if not entry.what.startswith("release."):
            continue
        if entry.what == "release.begun" or not found or found[0][0].subject != entry.subject:
            found.insert(0, [])
        found[0].insert(0, entry)
    return found


def _is_of(state: State, entries: list[Entry]) -> bool:
    return entries[-1].subject == state.version and entries[-1].at.timestamp() >= state.begun


def _tell(entries: list[Entry]) -> Release:
    decisions = [decide(entry) for entry in entries[:MOST_DECISIONS]]
    return Release(version=entries[0].subject, decisions=decisions, compared=_compare(decisions))


def _show(state: State, entries: list[Entry], now: float) -> Present:
    decisions = [decide(entry) for entry in entries[:MOST_DECISIONS]]
    return Present(
        version=state.version,
        decisions=decisions,
        compared=_compare(decisions),
        state=state,
        steps=[StepShown(step=step, standing=_stand(state, place)) for place, step in enumerate(state.steps)],
        attended=state.over or now - state.looked < UNATTENDED,
    )


def _compare(decisions: list[Decided]) -> Compared | None:
    found = (each for each in decisions if each.evidence.compared)
    last = next(found, None)
    return Compared(at=last.entry.at, guards=last.evidence.compared) if last else None


def _stand(state: State, place: int) -> Standing:
    if place < state.place or state.phase is Phase.LIVE:
        return "passed"
    if place > state.place:
        return "ahead"
    return "ended here" if state.over else "present"


def _select(changes: list[Entry], kind: str) -> list[Decided]:
    return [decide(entry) for entry in changes if entry.what.startswith(kind)][:SHOWN]
