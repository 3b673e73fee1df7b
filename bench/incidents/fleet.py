"""Several stacks at work on a list of scenarios; those that affect other stacks come last, alone."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from bench.incidents.phase_lock import PhaseLock
from bench.incidents.recording import Recording
from bench.incidents.run import Notify, run_scenario
from bench.incidents.scenario import Scenario
from bench.incidents.stacks import BenchStack
from bench.left_processes import end_left
from stack import StackError

Keep = Callable[[Recording], None]
Lose = Callable[[Scenario, str], None]


def run_all(
    scenarios: Sequence[Scenario], folder: Path, stacks: int, keep: Keep, lose: Lose, notify: Notify
) -> int:
    """Run every scenario on up to `stacks` stacks at once, `keep` each as it ends; how many failed.

    Stacks that a killed run left are stopped first. A run that cannot be carried out is given to `lose` with
    the reason and not kept: the next call runs that scenario again.
    """
    for left in folder.glob("stack-*"):
        stack = BenchStack(left)
        with suppress(StackError):
            stack.run("faults", "mend")
        end_left(left)
        with suppress(StackError):
            stack.down()
    fleet = [BenchStack(folder / f"stack-{number}") for number in range(stacks)]
    shift = _Shift(keep, lose, notify)
    shift.work([scenario for scenario in scenarios if not scenario.alone], fleet)
    shift.work([scenario for scenario in scenarios if scenario.alone], fleet[:1])
    return shift.failed


class _Shift:
    """Takes scenarios from a queue, one on each stack at a time."""

    def __init__(self, keep: Keep, lose: Lose, notify: Notify) -> None:
        self.failed = 0
        self._phases = PhaseLock()
        self._keep = keep
        self._lose = lose
        self._notify = notify
        self._lock = threading.Lock()

    def work(self, scenarios: Sequence[Scenario], fleet: Sequence[BenchStack]) -> None:
        """Return when all are done."""
        waiting: SimpleQueue[Scenario] = SimpleQueue()
        for scenario in scenarios:
            waiting.put(scenario)
        with ThreadPoolExecutor(len(fleet)) as pool:
            working = [pool.submit(self._work_on, stack, waiting) for stack in fleet]
            try:
                for ended in working:
                    ended.result()
            except BaseException:  # interrupted: the runs under way end, no other begins
                _empty(waiting)
                raise

    def _work_on(self, stack: BenchStack, waiting: SimpleQueue[Scenario]) -> None:
        while True:
            try:
                self._run(waiting.get_nowait(), stack)
            except Empty:
                return

    def _run(self, scenario: Scenario, stack: BenchStack) -> None:
        try:
            recording = run_scenario(
                scenario, stack, self._phases, lambda line: self._notify(f"{scenario.id}: {line}")
            )
        except Exception as error:  # hours of other runs must not end with this one
            with self._lock:
                self.failed += 1
                self._lose(scenario, f"{type(error).__name__}: {error}")
            self._notify(f"{scenario.id}: failed: {type(error).__name__}: {error}")
        else:
            with self._lock:
                self._keep(recording)


def _empty(waiting: SimpleQueue[Scenario]) -> None:
    with suppress(Empty):
        while True:
            waiting.get_nowait()
