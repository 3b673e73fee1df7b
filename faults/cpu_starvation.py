"""Busy neighbours: processes that want all the processor time there is.

They are in sessions of their own, for Linux shares time between sessions where autogrouping is on, and end
when whoever started them does.
"""

import math
import os

import psutil

from faults import Fault
from faults.aside import forget, keep_aside, recall
from faults.programs import require_recommender

NAME = "cpu-starvation"
PER_CORE = {"low": 0.5, "medium": 1.5, "high": 3.0}
MOST = 64
WORK = 20_000
"""Rounds of a busy process between two looks at whether it should end: less than a millisecond."""


def inject(severity: str) -> str:
    """Starts busy processes; a sentence saying what was done."""
    require_recommender()
    cores = os.cpu_count() or 1
    count = min(MOST, math.ceil(PER_CORE[severity] * cores))
    pids = [_start() for _ in range(count)]
    started = "\n".join(f"{pid} {psutil.Process(pid).create_time()}" for pid in pids)
    keep_aside(NAME, {"pids": started.encode()})
    return f"Busy processes, {count} of them, now compete for {cores} cores."


def mend() -> None:
    """Ends them."""
    for line in recall(NAME).get("pids", b"").decode().splitlines():
        pid, created = line.split()
        try:
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                process.kill()
        except psutil.NoSuchProcess:
            pass
    forget(NAME)


def _start() -> int:
    """The id of a new process that is busy until this one ends."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            while os.getppid() == parent:
                sum(range(WORK))
        finally:
            os._exit(0)
    return pid


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    felt="everything answers late",
    inject=inject,
    mend=mend,
    note="on this machine: with a container engine elsewhere nobody feels it",
)
