"""Doing a scenario's steps to a stack, and undoing them."""

import json
import os
import time
from contextlib import ExitStack
from typing import Any

from bench.incidents.scenario import Scenario, Step
from bench.incidents.stacks import BenchStack
from bench.incidents.unlisted_faults import UserGateway, start_unlisted_fault
from services.demo.flags import clear_rollout, write_rollout

LEASE = 900
"""Seconds after which a fault ends by itself, should this program die."""


class Actions:
    """What is being done to a stack; `mend` undoes all of it, and closing ends also what users go through."""

    def __init__(self, stack: BenchStack, scenario: Scenario) -> None:
        self._stack = stack
        self._undo = ExitStack()
        if any(step.rollout is not None for step in scenario.steps):
            self._equivalent = stack.run("bench.incidents.equivalent_model").split()[-1]
        lossy = any(step.outsider == "lost-clicks" for step in scenario.steps)
        self._gateway = UserGateway(stack) if lossy else None
        self._faulty = False
        self._behaviour: dict[str, Any] = {"rate_factor": 1.0, "mix": None, "taste_shift": 0.0}

    def do(self, step: Step) -> None:
        """One step, now. Raises StackError."""
        if step.fault:
            self._faulty = True
            self._stack.run("faults", "break", step.fault, step.severity, "--for", str(LEASE))
        elif step.outsider:
            fault = start_unlisted_fault(step.outsider, step.severity, self._stack, self._gateway)
            self._undo.callback(fault.end)
        elif step.restart:
            self._stack.control("restart", step.restart)
        elif step.rollout is not None:
            self._roll_out(step.rollout)
        else:
            self._behave(step)

    def mend(self) -> None:
        """Undo every step. Raises StackError."""
        if self._faulty:
            self._stack.run("faults", "mend")
        self._undo.close()

    def close(self) -> None:
        """End what users go through."""
        self._undo.close()
        if self._gateway:
            self._gateway.close()

    def _roll_out(self, share: float) -> None:
        """Give that share of the users a version as good as the live one."""
        file = self._stack.data / "flags" / "flags.json"
        self._undo.callback(clear_rollout, file)
        live = self._stack.http.get(f"{self._stack.url('recommender')}/recommendations/1").json()[
            "model_version"
        ]
        if share:
            write_rollout(file, {live: round(100 * (1 - share)), self._equivalent: round(100 * share)})
        else:
            clear_rollout(file)

    def _behave(self, step: Step) -> None:
        """Users come at another rate, or other users come."""
        file = self._stack.data / "traffic" / "behaviour.json"
        self._behaviour |= {"rate_factor": step.surge} if step.surge else {"mix": step.mix}
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(self._behaviour | {"until": time.time() + LEASE}))
        os.replace(partial, file)
        self._undo.callback(file.unlink, missing_ok=True)
