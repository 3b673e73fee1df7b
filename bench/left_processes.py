"""Processes that a killed benchmark leaves running: they are noted in the folder of its stack, and ended by
the next one."""

from contextlib import suppress
from pathlib import Path

import psutil

FILE = "left.pids"
"""In a stack's folder: process ids, each with when its process was made."""


def note(folder: Path, pid: int) -> None:
    """A process that has just been started."""
    with (folder / FILE).open("a") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()}\n")


def end_left(folder: Path) -> None:
    """Kill what is noted and still runs, with what it has started."""
    file = folder / FILE
    for line in file.read_text().splitlines() if file.exists() else ():
        pid, created = line.split()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                _kill(process)
    file.unlink(missing_ok=True)


def _kill(process: psutil.Process) -> None:
    for each in [*process.children(recursive=True), process]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
