"""A fault lasts for a lease: one process maintains it, another undoes it when the first has ended.

begin ──▶ runner ──pipe──▶ watchdog          data/faults/<fault>.json says who they are and until when
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import BaseModel, ValidationError

from faults import FaultError
from faults.backup import FOLDER
from faults.catalogue import FAULTS
from stack import ROOT

LONGEST = 86_400
INJECTION_SECONDS = 180.0
"""What an injection may take: a version is trained and published."""
MENDING_SECONDS = 150.0
STOPPING_SECONDS = 5.0
UNDOING_SECONDS = 10.0
"""How long a failed injection is waited for to be undone; the watchdog goes on after that."""


class Lease(BaseModel):
    """A fault active until `until` (Unix seconds), and the ids of its two processes, 0 for none yet."""

    fault: str
    severity: str
    until: float
    runner: int = 0
    watchdog: int = 0

    @property
    def running(self) -> bool:
        """Whether its runner is alive."""
        return _is_ours(self.runner, "faults.runner", self.fault)

    @property
    def watched(self) -> bool:
        """Whether its watchdog is alive."""
        return _is_ours(self.watchdog, "faults.watchdog", self.fault)


def begin(name: str, severity: str, seconds: int) -> str:
    """Injects a fault for so many seconds, in place of what there is of it; a sentence saying what was done.

    Raises FaultError if it cannot be injected; what was begun is undone then.
    """
    end([name])
    exclusive = FAULTS[name].exclusive
    others = [
        lease.fault for lease in read_leases() if exclusive and FAULTS[lease.fault].exclusive == exclusive
    ]
    if others:
        raise FaultError(f"{others[0]} is active and uses {exclusive}, too: `make mend` first")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.log").open("w") as log:
        runner = subprocess.Popen(
            [sys.executable, "-m", "faults.runner", name, severity, str(seconds)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    outcome = _await_outcome(runner)
    if "said" not in outcome:
        runner.terminate()
        _until(lambda: read_lease(name) is None, UNDOING_SECONDS)
        raise FaultError(outcome.get("problem") or f"{name} could not be injected: see {FOLDER / name}.log")
    return outcome["said"]


def end(names: Sequence[str]) -> list[str]:
    """Ends the leases of these faults and undoes them; which of them were active. Raises FaultError."""
    leases = [lease for lease in read_leases() if lease.fault in names]
    for lease in leases:
        with suppress(psutil.NoSuchProcess):
            if lease.running:
                psutil.Process(lease.runner).terminate()
    for lease in leases:
        _await_mended(lease)
    return [lease.fault for lease in leases]


def read_leases() -> list[Lease]:
    """The leases there are, in order of the catalogue."""
    found = (read_lease(name) for name in FAULTS)
    return [lease for lease in found if lease]


def read_lease(name: str) -> Lease | None:
    """A fault's lease, None when it is not active."""
    try:
        return Lease.model_validate_json(_file(name).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def write_lease(lease: Lease) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    partial = _file(lease.fault).with_suffix(".draft")
    partial.write_text(lease.model_dump_json())
    os.replace(partial, _file(lease.fault))


def drop_lease(name: str) -> None:
    """Forgets a lease whose fault is undone."""
    _file(name).unlink(missing_ok=True)


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"


def _await_outcome(runner: "subprocess.Popen[bytes]") -> dict[str, str]:
    """What the runner says of its injection; nothing when it said nothing in time."""
    assert runner.stdout
    with runner.stdout as pipe:
        readable, _, _ = select.select([pipe], [], [], INJECTION_SECONDS)
        line = pipe.readline() if readable else b""
    with suppress(ValueError):
        return dict(json.loads(line))
    return {}


def _await_mended(lease: Lease) -> None:
    if not _until(lambda: not lease.running, STOPPING_SECONDS):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(lease.runner).kill()
    _until(lambda: read_lease(lease.fault) is None or not _watched(lease.fault), MENDING_SECONDS)
    if left := read_lease(lease.fault):
        with suppress(psutil.NoSuchProcess):
            if left.watched:
                psutil.Process(left.watchdog).kill()
        FAULTS[lease.fault].mend()
        drop_lease(lease.fault)


def _watched(name: str) -> bool:
    lease = read_lease(name)
    return bool(lease and lease.watched)


def _until(reached: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_ours(pid: int, program: str, fault: str) -> bool:
    try:
        process = psutil.Process(pid) if pid else None
        return bool(
            process
            and process.status() != psutil.STATUS_ZOMBIE
            and program in process.cmdline()
            and fault in process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False
