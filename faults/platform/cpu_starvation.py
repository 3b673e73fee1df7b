"""CPU contention: busy processes, as many as it takes to slow the recommender to the severity's latency.

How many that is depends on the machine and on how it shares time out: a few more than too few are far too
many. So their number follows what they do to the recommender.

recommender ◀── health check, timed ── runner ──▶ one busy process more, or some fewer

They are in sessions of their own, for Linux shares time between sessions where autogrouping is on, and end
when whoever started them does.
"""

import os
from collections.abc import Sequence
from contextlib import suppress

import psutil

from faults import Fault
from faults.backup import delete_backup, read_backup, save_backup
from faults.pressure import WAITS, read_pressure
from faults.programs import require_recommender

NAME = "cpu-starvation"
FEWER = 0.8
"""The part of them that stays where there are too many."""

FIRST_PER_CORE = 6
MOST = 96
ENDING = 2.0
"""Seconds by which those that were killed are gone."""

WORK = 20_000
"""Rounds of a busy process between two looks at whether it should end: less than a millisecond."""


def inject(severity: str) -> str:
    """Starts busy processes; a sentence saying what was done."""
    require_recommender()
    cores = os.cpu_count() or 1
    _keep([_start() for _ in range(min(MOST, FIRST_PER_CORE * cores))])
    return f"Busy processes compete for {cores} cores until health checks take {WAITS[severity] * 1000:g} ms."


def keep(severity: str, elapsed: float) -> None:
    """Starts one more, or ends some, by what the recommender's health check takes now."""
    busy, pressure = _recall(), read_pressure(severity)
    if pressure < 0 and len(busy) < MOST:
        _keep([*busy, _start()])
    elif pressure > 0:
        left = int(FEWER * len(busy))
        _end(busy[left:])
        _keep(busy[:left])


def mend() -> None:
    _end(_recall())
    delete_backup(NAME)


def _keep(busy: Sequence[psutil.Process]) -> None:
    """Note which they are, so that whoever mends finds them."""
    save_backup(NAME, {"pids": "\n".join(f"{each.pid} {each.create_time()}" for each in busy).encode()})


def _recall() -> list[psutil.Process]:
    """Those that are there; a process that only has the same id is not one of them."""
    found = []
    for line in read_backup(NAME).get("pids", b"").decode().splitlines():
        pid, created = line.split()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                found.append(process)
    return found


def _end(busy: Sequence[psutil.Process]) -> None:
    for process in busy:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(busy, timeout=ENDING)


def _start() -> psutil.Process:
    """A new process that is busy until this one ends."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            while os.getppid() == parent:
                _work()
        finally:
            os._exit(0)
    return psutil.Process(pid)


def _work() -> None:
    sum(range(WORK))


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="all answers are slow",
    inject=inject,
    mend=mend,
    keep=keep,
    note="on this machine: no impact on a container engine elsewhere",
)
