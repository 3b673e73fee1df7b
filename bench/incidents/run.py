"""One run: a steady stack, the steps at a moment by chance, the engine's alert, its verdict, mend, recover.

up ──▶ steady (STEADY s and some) ──▶ steps ──▶ alert ──(settle)──▶ verdict ──▶ mend ──▶ recovered ──▶ down
       what fires here is a false alarm │ felt? from the users' own counts
"""

import math
import os
import random
import statistics
import time
import zlib
from collections.abc import Callable
from typing import Any

from bench.inbox import watch_inbox
from bench.incidents.actions import Actions
from bench.incidents.evidence_check import check_proof
from bench.incidents.observation import Watch
from bench.incidents.outcome import Answer, Felt, Fired, History, Outcome, choose_verdict, describe_first
from bench.incidents.phase_lock import Turns
from bench.incidents.recording import STRAINED, Recording, measure_strain, shrink
from bench.incidents.scenario import Scenario
from bench.incidents.scoring import SLOW_DOMAINS
from bench.incidents.stacks import BenchStack
from bench.incidents.unlisted_faults import TroubleEnded
from diagnosis import Evidence
from stack import StackError

STEADY = 130.0
"""Seconds of users before anything is done; an engine needs a past to compare with."""

CHANCE = 20.0
ALERT_LIMIT = 150.0
"""Seconds from the first felt effect within which the alert has to come."""

FELT_LIMIT = 270.0
"""Seconds in which users have to feel it, or the run does not count: features expire after 180."""

WATCHED = 150.0
"""Seconds that a control is watched."""

LEAD = 900.0
"""Seconds before the alert that the incidents service looks at."""

RECOVERY_LIMIT = 150.0
LATE = 5.0
"""Seconds by which the question after `settle` may come later; it is looked at each second."""

BUSY_MS = 150.0
"""p95 of the steady time's last minute above which the machine, and not the stack, is in trouble: half of the
latency objective, six times what an idle machine needs."""

LAST_MINUTE = 12

Tell = Callable[[str], None]


def run_scenario(scenario: Scenario, stack: BenchStack, turns: Turns, tell: Tell) -> Recording:
    """From a fresh stack to a stopped one; `tell` is told what happens. Raises StackError."""
    began = time.time()
    salt = zlib.crc32(f"{scenario.seed}:{scenario.id}".encode())
    try:
        with turns.starting():
            stack.up(salt)
        with watch_inbox(stack.url("incidents")) as arrivals:
            run = _Run(scenario, stack, Watch(stack, arrivals), turns, tell)
            recording = run.execute(random.Random(salt).uniform(0, CHANCE))
        if (strain := measure_strain(recording)) > STRAINED:
            raise StackError(f"too little CPU was left: {strain:.0%} of the machine's was in use")
    finally:
        try:
            stack.down()
        except StackError as error:
            tell(f"not stopped: {error}")
    took = round(time.time() - began, 1)
    return recording.model_copy(update={"outcome": recording.outcome.model_copy(update={"took": took})})


class _Run:
    """A run on a stack that is up."""

    def __init__(self, scenario: Scenario, stack: BenchStack, watch: Watch, turns: Turns, tell: Tell) -> None:
        self._scenario = scenario
        self._stack = stack
        self._watch = watch
        self._turns = turns
        self._tell = tell
        self._due = sorted(scenario.steps, key=lambda step: step.at)
        self._started = self._injected_at = self._mended_at = 0.0
        self._evidence: Evidence | None = None

    def execute(self, chance: float) -> Recording:
        """Steady, steps, verdict, mend, recover: `chance` seconds are added to the steady time."""
        actions = Actions(self._stack, self._scenario)
        try:
            begins = self._watch.began + STEADY + chance
            self._watch.until(lambda: time.time() >= begins)
            with self._turns.trouble():
                found = self._begin(actions)
            felt = Felt.model_validate(found["felt"]) if found.get("felt") else None
            found["recovered_after"] = self._recover(felt)
        finally:
            actions.close()
        outcome = Outcome(
            scenario=self._scenario,
            injected_at=round(self._injected_at, 2),
            quiet_seconds=round(self._started - self._watch.began, 1),
            **found,
        )
        return Recording(outcome=outcome, ticks=self._watch.ticks(), evidence=shrink(self._evidence))

    def _begin(self, actions: Actions) -> dict[str, Any]:
        """From the end of the steady time to the mending."""
        self._started = time.time()
        self._injected_at = self._started + (self._scenario.root.at if self._scenario.root else 0)
        if early := self._watch.fired(self._watch.began):
            return {"early": early, "discarded": f"{early[0].name} fired in the steady time"}
        self._require_calm()
        found = self._endure(actions)
        if self._scenario.kind != "control" and self._alerts and self._alerts[0].at < self._injected_at:
            found["discarded"] = f"{self._alerts[0].name} fired before there was trouble"
        return found

    def _require_calm(self) -> None:
        """Raises StackError where users wait before anything was done: that is somebody else's fault."""
        waits = [tick.p95 for tick in self._watch.ticks()[-LAST_MINUTE:] if tick.p95 is not None]
        usual = statistics.median(waits) if waits else math.inf
        if usual > BUSY_MS:
            load = os.getloadavg()[0]
            raise StackError(f"the machine is busy (load {load:.0f}): p95 is {usual:.0f} ms before any fault")

    def _endure(self, actions: Actions) -> dict[str, Any]:
        try:
            self._watch.until(lambda: self._is_over(actions))
            found = self._ask()
        finally:
            self._mended_at = time.time()
            problem = self._mend(actions)
        if problem:
            found["discarded"] = problem
        felt = self._felt(self._mended_at)
        if felt is None and self._scenario.kind != "control":
            found["discarded"] = "no objective that users feel moved"
        return found | {"felt": felt}

    def _mend(self, actions: Actions) -> str:
        """Undo what was done; why the run does not count, if there was no trouble any more to undo."""
        try:
            actions.mend()
        except TroubleEnded as ended:
            return str(ended)
        except StackError as error:
            self._tell(f"not mended: {error}")
        return ""

    def _is_over(self, actions: Actions) -> bool:
        """Do what is due; whether there is nothing more to wait for."""
        now = time.time()
        while self._due and now >= self._started + self._due[0].at:
            step = self._due.pop(0)
            if step is self._scenario.root:
                self._injected_at = time.time()
            actions.do(step)
            self._tell(step.does)
        if self._due:
            return False
        now = time.time()
        if self._scenario.kind == "control":
            return now > self._injected_at + WATCHED
        alerts, felt = self._alerts, self._felt(now)
        patience = self._injected_at + FELT_LIMIT
        if not alerts:
            return now > (felt.at + ALERT_LIMIT if felt else patience)
        return now > alerts[0].at + self._scenario.settle and (felt is not None or now > patience)

    @property
    def _alerts(self) -> list[Fired]:
        return self._watch.fired(self._started)

    def _felt(self, until: float) -> Felt | None:
        quality = self._scenario.expected.domain in SLOW_DOMAINS
        return self._watch.felt(self._injected_at, until, quality=quality)

    def _ask(self) -> dict[str, Any]:
        """The verdict as a person would have it now, what led to it, and how much of it is so."""
        alerts, now = self._alerts, time.time()
        start = (alerts[0].at if alerts else now) - LEAD
        asked = self._diagnose(start, now)
        seconds = round(time.time() - now, 3)
        history = self._read_verdicts() if alerts else []
        until = alerts[0].at + self._scenario.settle + LATE if alerts else now
        verdict = choose_verdict(history, until) if alerts else asked
        self._evidence = self._stack.read_evidence(start, now)
        self._tell(f"{', '.join(a.name for a in alerts) or 'no alert'} → {(verdict or {}).get('cause')}")
        return {
            "alerts": alerts,
            "answer": Answer.model_validate(verdict) if verdict else None,
            "asked_at": round(now, 2),
            "diagnosis_seconds": seconds if asked else None,
            "proof": check_proof(verdict or {}, self._stack, self._injected_at),
            "load": round(os.getloadavg()[0], 1),
        } | describe_first(history)

    def _diagnose(self, start: float, end: float) -> dict[str, Any] | None:
        """The answer to a question asked now; that there is none is a result too."""
        try:
            return self._stack.diagnose(start, end)
        except StackError as error:
            self._tell(str(error))
            return None

    def _read_verdicts(self) -> History:
        try:
            return self._stack.verdicts(self._started - 10)
        except StackError as error:
            self._tell(str(error))
            return []

    def _recover(self, felt: Felt | None) -> float | None:
        """Seconds until users and telemetry are as before; None where nothing moved, or it stays so."""
        if felt is None:
            return None
        steady = [tick for tick in self._watch.ticks() if tick.at <= self._injected_at]
        back: list[float] = []

        def is_back() -> bool:
            if self._watch.recovered(felt, steady, self._mended_at):
                back.append(round(time.time() - self._mended_at, 1))
            return bool(back) or time.time() > self._mended_at + RECOVERY_LIMIT

        self._watch.until(is_back)
        return back[0] if back else None
