"""One run: a steady stack, the steps at a moment by chance, the engine's alert, its verdict, mend, recover.

up ──▶ steady (STEADY s and some) ──▶ steps ──▶ alert ──(settle)──▶ verdict ──▶ mend ──▶ recovered ──▶ down
       what fires here is a false alarm │ user impact, from the users' own counts
"""

import math
import os
import random
import statistics
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from bench.inbox import watch_inbox
from bench.incidents.actions import Actions
from bench.incidents.client_samples import ClientSample
from bench.incidents.evidence_check import check_evidence
from bench.incidents.observation import Observer
from bench.incidents.outcome import Answer, Fired, History, Impact, Outcome, choose_verdict, describe_first
from bench.incidents.phase_lock import PhaseLock
from bench.incidents.recording import CPU_CONTENTION, Recording, measure_cpu_contention, shrink
from bench.incidents.scenario import Scenario
from bench.incidents.scoring import SLOW_DOMAINS
from bench.incidents.stacks import BenchStack
from bench.incidents.unlisted_faults import FaultEnded
from diagnosis import Evidence
from stack import StackError

STEADY = 130.0
"""Seconds of users before anything is done; an engine needs a past to compare with."""

CHANCE = 20.0
ALERT_LIMIT = 150.0
"""Seconds from the first user impact within which the alert has to come."""

IMPACT_LIMIT = 270.0
"""Seconds within which there has to be user impact, or the run does not count: features expire after 180."""

WATCHED = 150.0
"""Seconds that a control is watched."""

CONTEXT_BEFORE = 900.0
"""Seconds before the alert that the incidents service looks at."""

RECOVERY_LIMIT = 150.0
LATE = 5.0
"""Seconds by which the question after `settle` may come later; it is looked at each second."""

BUSY_MS = 150.0
"""p95 of the steady time's last minute above which the machine, and not the stack, is the cause: half of the
latency objective, six times what an idle machine needs."""

LAST_MINUTE = 12

Notify = Callable[[str], None]


def run_scenario(scenario: Scenario, stack: BenchStack, phases: PhaseLock, notify: Notify) -> Recording:
    """From a fresh stack to a stopped one; `notify` is told what happens. Raises StackError."""
    began = time.time()
    salt = zlib.crc32(f"{scenario.seed}:{scenario.id}".encode())
    try:
        with phases.starting():
            stack.up(salt)
        with watch_inbox(stack.url("incidents")) as arrivals:
            run = _Run(scenario, stack, Observer(stack, arrivals), phases, notify)
            recording = run.execute(random.Random(salt).uniform(0, CHANCE))
        if (cpu_in_use := measure_cpu_contention(recording)) > CPU_CONTENTION:
            raise StackError(f"CPU contention: {cpu_in_use:.0%} of the machine's CPU was in use")
    finally:
        try:
            stack.down()
        except StackError as error:
            notify(f"not stopped: {error}")
    took = round(time.time() - began, 1)
    return recording.model_copy(update={"outcome": recording.outcome.model_copy(update={"took": took})})


def require_calm(samples: Sequence[ClientSample]) -> None:
    """Raises StackError where requests are slow before anything was done: the machine is busy."""
    waits = [sample.p95 for sample in samples[-LAST_MINUTE:] if sample.p95 is not None]
    usual = statistics.median(waits) if waits else math.inf
    if usual > BUSY_MS:
        load = os.getloadavg()[0]
        raise StackError(f"the machine is busy (load {load:.0f}): p95 is {usual:.0f} ms before any fault")


class _Run:
    """A run on a stack that is up."""

    def __init__(
        self, scenario: Scenario, stack: BenchStack, watch: Observer, phases: PhaseLock, notify: Notify
    ) -> None:
        self._scenario = scenario
        self._stack = stack
        self._watch = watch
        self._phases = phases
        self._notify = notify
        self._due = sorted(scenario.steps, key=lambda step: step.at)
        self._started = self._injected_at = self._mended_at = 0.0
        self._evidence: Evidence | None = None

    def execute(self, chance: float) -> Recording:
        """Steady, steps, verdict, mend, recover: `chance` seconds are added to the steady time."""
        actions = Actions(self._stack, self._scenario)
        try:
            begins = self._watch.began + STEADY + chance
            self._watch.until(lambda: time.time() >= begins)
            with self._phases.fault():
                found = self._begin(actions)
            impact = Impact.model_validate(found["impact"]) if found.get("impact") else None
            found["recovered_after"] = self._recover(impact)
        finally:
            actions.close()
        outcome = Outcome(
            scenario=self._scenario,
            injected_at=round(self._injected_at, 2),
            quiet_seconds=round(self._started - self._watch.began, 1),
            **found,
        )
        return Recording(outcome=outcome, samples=self._watch.samples(), evidence=shrink(self._evidence))

    def _begin(self, actions: Actions) -> dict[str, Any]:
        """From the end of the steady time to the mending."""
        self._started = time.time()
        self._injected_at = self._started + (self._scenario.root.at if self._scenario.root else 0)
        if early := self._watch.fired(self._watch.began):
            return {"early": early, "discarded": f"{early[0].name} fired in the steady time"}
        require_calm(self._watch.samples())
        found = self._endure(actions)
        if self._scenario.kind != "control" and self._alerts and self._alerts[0].at < self._injected_at:
            found["discarded"] = f"{self._alerts[0].name} fired before the fault"
        return found

    def _endure(self, actions: Actions) -> dict[str, Any]:
        try:
            self._watch.until(lambda: self._is_over(actions))
            found = self._ask()
        finally:
            self._mended_at = time.time()
            problem = self._mend(actions)
        if problem:
            found["discarded"] = problem
        impact = self._impact(self._mended_at)
        if impact is None and self._scenario.kind != "control":
            found["discarded"] = "no user impact"
        return found | {"impact": impact}

    def _mend(self, actions: Actions) -> str:
        """Undo what was done; why the run does not count, if the fault had already ended."""
        try:
            actions.mend()
        except FaultEnded as ended:
            return str(ended)
        except StackError as error:
            self._notify(f"not mended: {error}")
        return ""

    def _is_over(self, actions: Actions) -> bool:
        """Do what is due; whether there is nothing more to wait for."""
        now = time.time()
        while self._due and now >= self._started + self._due[0].at:
            step = self._due.pop(0)
            if step is self._scenario.root:
                self._injected_at = time.time()
            actions.do(step)
            self._notify(step.does)
        if self._due:
            return False
        now = time.time()
        if self._scenario.kind == "control":
            return now > self._injected_at + WATCHED
        alerts, impact = self._alerts, self._impact(now)
        patience = self._injected_at + IMPACT_LIMIT
        if not alerts:
            return now > (impact.at + ALERT_LIMIT if impact else patience)
        return now > alerts[0].at + self._scenario.settle and (impact is not None or now > patience)

    @property
    def _alerts(self) -> list[Fired]:
        return self._watch.fired(self._started)

    def _impact(self, until: float) -> Impact | None:
        quality = self._scenario.expected.domain in SLOW_DOMAINS
        return self._watch.impact(self._injected_at, until, quality=quality)

    def _ask(self) -> dict[str, Any]:
        """The verdict as a person would have it now, what led to it, and how much of it is so."""
        alerts, now = self._alerts, time.time()
        start = (alerts[0].at if alerts else now) - CONTEXT_BEFORE
        asked = self._diagnose(start, now)
        seconds = round(time.time() - now, 3)
        history = self._read_verdicts() if alerts else []
        until = alerts[0].at + self._scenario.settle + LATE if alerts else now
        verdict = choose_verdict(history, until) if alerts else asked
        self._evidence = self._stack.read_evidence(start, now)
        self._notify(f"{', '.join(a.name for a in alerts) or 'no alert'} → {(verdict or {}).get('cause')}")
        return {
            "alerts": alerts,
            "answer": Answer.model_validate(verdict) if verdict else None,
            "asked_at": round(now, 2),
            "diagnosis_seconds": seconds if asked else None,
            "evidence_check": check_evidence(verdict or {}, self._stack, self._injected_at),
            "load": round(os.getloadavg()[0], 1),
        } | describe_first(history)

    def _diagnose(self, start: float, end: float) -> dict[str, Any] | None:
        """The answer to a question asked now; that there is none is a result too."""
        try:
            return self._stack.diagnose(start, end)
        except StackError as error:
            self._notify(str(error))
            return None

    def _read_verdicts(self) -> History:
        try:
            return self._stack.verdicts(self._started - 10)
        except StackError as error:
            self._notify(str(error))
            return []

    def _recover(self, impact: Impact | None) -> float | None:
        """Seconds until users and telemetry are as before; None where nothing moved, or it stays so."""
        if impact is None:
            return None
        steady = [sample for sample in self._watch.samples() if sample.at <= self._injected_at]
        back: list[float] = []

        def is_back() -> bool:
            if self._watch.recovered(impact, steady, self._mended_at):
                back.append(round(time.time() - self._mended_at, 1))
            return bool(back) or time.time() > self._mended_at + RECOVERY_LIMIT

        self._watch.until(is_back)
        return back[0] if back else None
