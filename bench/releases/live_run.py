"""One live release: the version is stored, released as a person does, disturbed, and watched to its end."""

import random
import time
from pathlib import Path

from bench.incidents.client_samples import read_client_samples
from bench.incidents.run import require_calm
from bench.incidents.stacks import BenchStack
from bench.live_cases import Case, Notify, command, last_words, read_load, wait_for, wait_until
from bench.releases.live_case import KINDS, Decided, Kind, ReleaseRun
from bench.releases.live_counts import last_minute, read_minutes, read_reach
from decisions.audit import Trail
from decisions.releases.files import Files
from decisions.releases.state import Phase, State
from stack import StackError

STEADY = 130.0
"""Seconds of users before the release; a diagnosis needs a past to compare with."""

CHANCE = 20.0
BEGINS_WITHIN = 240.0
"""Seconds for the gate and what it reads."""

LONGEST = 1_500.0
"""Seconds that a release may take here; one that is not over then is rolled back, and kept as it was."""

MENDED_AFTER, PAUSED_FOR = 300.0, 60.0
"""Seconds from a fault, or from the pause that it brought, until it is mended: what comes first."""

LEASE = 900
"""Seconds after which a fault ends by itself, should this program die."""

MOST_ENTRIES, LONGEST_REASON = 500, 300
OVERRIDE = "bench: a version that is worse on purpose"


def run_case(case: Case, stack: BenchStack, notify: Notify) -> ReleaseRun:
    """On a stack that has just been started. Raises StackError if the run does not count."""
    began, chance = time.time(), random.Random(case.seed)
    kind = KINDS[case.name]
    *_, users, version = stack.run("bench.releases.versions", kind.version).split()
    wait_until(began + STEADY + chance.uniform(0, CHANCE))
    require_calm(read_client_samples(stack.data / "logs", began))
    override = ("--override", OVERRIDE) if kind.ends is Phase.ROLLED_BACK else ()
    log = stack.data / "release.log"
    with command(stack, log, "stack", "release", version, *override) as process:
        release = _Release(case, kind, stack, notify, chance.uniform(0, CHANCE))
        if not wait_for(
            lambda: release.look() is not None or process.poll() is not None, time.time() + BEGINS_WITHIN
        ) or not (state := release.look()):
            raise StackError(f"no release began: {last_words(log)}")
        wait_for(lambda: release.is_over() or process.poll() is not None, state.begun + LONGEST)
    return release.finish(int(users))


class _Release:
    """A release that is under way on a stack, and the fault in its middle."""

    def __init__(self, case: Case, kind: Kind, stack: BenchStack, notify: Notify, delay: float) -> None:
        self._case, self._kind, self._stack, self._notify = case, kind, stack, notify
        self._delay = delay
        self._folder: Path = stack.data / "decisions"
        self._due: float | None = None
        self._injected: float | None = None
        self._mended: float | None = None
        self._paused: float | None = None

    def look(self) -> State | None:
        """The release's state, None before it began."""
        return Files(self._folder).state.read()

    def is_over(self) -> bool:
        """Whether it has ended or asks; does what is due to the storage. Raises StackError."""
        state = self._require()
        if state.over or state.phase is Phase.HELD:
            return True
        if self._kind.fault:
            self._disturb(state, time.time())
        return False

    def _disturb(self, state: State, now: float) -> None:
        if self._due is None and state.share >= self._kind.at_share and state.phase is Phase.WATCHING:
            self._due = now + self._delay
        if self._due and self._injected is None and now >= self._due:
            self._stack.run("faults", "break", self._kind.fault, "high", "--for", str(LEASE))
            self._injected = time.time()
            self._notify(f"{self._case.id}: {self._kind.fault} at {state.share:.0%} of the users")
        if self._injected and self._paused is None and state.phase is Phase.PAUSED:
            self._paused = now
            self._notify(f"{self._case.id}: paused: {state.reason}")
        if self._injected and self._mended is None and self._is_enough(now, self._injected):
            self._mend()

    def _is_enough(self, now: float, injected: float) -> bool:
        """A worse version is to be found while storage is slow, so that is not mended early."""
        waited = self._paused is not None and now >= self._paused + PAUSED_FOR
        return now >= injected + MENDED_AFTER or (waited and self._kind.ends is Phase.LIVE)

    def _mend(self) -> None:
        self._stack.run("faults", "mend")
        self._mended = time.time()
        self._notify(f"{self._case.id}: mended")

    def finish(self, users: int) -> ReleaseRun:
        """What came of it, once the last labels are in; so many users could have come.

        Raises StackError if it does not count, as one does that was over as it should be before its fault.
        """
        state = self._require()
        ended = state.since if state.over or state.phase is Phase.HELD else time.time()
        if self._injected and self._mended is None:
            self._mend()
        if self._kind.fault and self._injected is None and state.phase is self._kind.ends:
            raise StackError(f"it was {state.phase.value} before the fault: {state.reason}")
        if not state.over:
            self._stack.run("stack", "rollback")
        begun = int(state.begun)
        end = last_minute(begun, ended)
        wait_until(end)
        decisions = tuple(self._read_decisions(state))
        seen = any(each.share for each in decisions)
        return ReleaseRun(
            case=self._case,
            load=read_load(),
            version=state.version,
            live=state.former,
            phase=state.phase,
            begun=begun,
            seconds=round(ended - state.begun, 1),
            reach=self._read_reach(state, users, begun, end),
            injected_at=self._injected,
            mended_at=self._mended,
            decisions=decisions,
            minutes=tuple(read_minutes(self._stack, state.former, state.version, begun, end) if seen else ()),
        )

    def _read_reach(self, state: State, users: int, begun: int, end: int) -> float:
        if state.phase is Phase.LIVE:
            return 1.0
        return read_reach(self._stack, state.version, users, begun, end)

    def _read_decisions(self, state: State) -> list[Decided]:
        entries = Trail(self._folder / "audit.jsonl").latest(MOST_ENTRIES, about=state.version)
        return [
            Decided(
                at=round(each.at.timestamp(), 2),
                what=each.what,
                share=round(each.shares.get(state.version, 0.0) / 100, 4),
                why=each.why[:LONGEST_REASON],
            )
            for each in reversed(entries)
            if each.what.startswith("release.")
        ]

    def _require(self) -> State:
        state = self.look()
        if state is None:
            raise StackError("the release's state is gone")
        return state
