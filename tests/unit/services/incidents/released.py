"""A folder with releases in it, as `make release` leaves it, by the classes that write it."""

import time
from pathlib import Path
from typing import Any

from config.releases import Release
from decisions.audit import Action, Change, Trail
from decisions.releases.controller import tell
from decisions.releases.observation import Weight
from decisions.releases.plan import limit, plan
from decisions.releases.state import State, begin
from decisions.releases.state_file import StateFile
from stack.models.release_world import CONTROLLER, tell_shares
from tests.unit.decisions.releases.cases import LIVE, NEW, guard, seen, trouble

WORSE = seen(compared=(guard(-0.4), guard(0.001, 0.01, "answered")))
SLOW_STORAGE = seen(
    compared=(guard(0.05),), troubles=(trouble(Weight.PAUSES, 3),), limits=("Too many fail.",)
)
REFUSED: Any = {
    "live": LIVE,
    "checks": 12,
    "failed": 1,
    "which": [{"check": "hit rate at 10", "value": 0.2, "limit": 0.3}],
}
VERDICT: Any = {"domain": "infrastructure", "cause": "storage-latency", "confidence": 0.97, "expected": 0.0}


class Folder:
    """Where releases are kept; `settings` are those of the inbox that shows them."""

    def __init__(self, path: Path) -> None:
        self.release_file = path / "release.json"
        self.audit_file = path / "audit.jsonl"
        self.trail = Trail(self.audit_file)
        self.settings: dict[str, Any] = {"release_file": self.release_file, "audit_file": self.audit_file}

    def begin(self, version: str = NEW) -> State:
        """A release that begins in the shadow, now."""
        state = begin(version, LIVE, plan(Release(), 0.1), limit(Release()), frozenset(), time.time())
        self.record("release.begun", state, who="ada")
        self.write(state)
        return state

    def write(self, state: State, **changes: Any) -> State:
        """The state after changes, looked at just now."""
        after = state.model_copy(update={"looked": time.time(), "since": time.time()} | changes)
        StateFile(self.release_file).write(after)
        return after

    def record(self, what: Action, state: State, evidence: Any = None, who: str = CONTROLLER) -> None:
        shares = tell_shares(state)
        change = {"why": state.reason, "before": shares, "after": shares, "evidence": evidence}
        self.trail.append(
            Change.model_validate({"who": who, "what": what, "subject": state.version} | change)
        )

    def decide(self, what: Action, state: State, saw: Any, **changes: Any) -> State:
        """A decision of the controller at a look, in trail and state."""
        after = self.write(state, **changes)
        self.record(what, after, tell(saw))
        return after

    def answer(self, what: Action, subject: str, evidence: Any, why: str = "") -> None:
        """What the gate, or whoever was asked for a retraining, says."""
        self.trail.append(Change(who="gate", what=what, subject=subject, why=why, evidence=evidence))
