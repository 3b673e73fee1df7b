"""`python -m faults.runner FAULT SEVERITY SECONDS`: injects a fault, keeps it for its lease, then ends.

It never mends: the watchdog does, as soon as the pipe between them closes. A watchdog that dies is replaced.
Where its lease is gone, as when all data were deleted, there is nothing to keep.
"""

import json
import os
import signal
import subprocess
import sys
import time
from threading import Event

import structlog

from faults import Fault
from faults.catalogue import FAULTS
from faults.lease import Lease, read_lease, write_lease
from stack import ROOT

TICK = 1.0


def main() -> None:
    """Say on standard output, in one line of JSON, what was done or why it was not; then keep it so."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # standard output is for that line
    name, severity, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    fault = FAULTS[name]
    lease = Lease(fault=name, severity=severity, until=time.time() + seconds, runner=os.getpid())
    watchdog = _start_watchdog(lease)
    try:
        outcome = {"said": fault.inject(severity)}
    except Exception as error:
        outcome = {"problem": " ".join(str(error).split()) or type(error).__name__}
    print(json.dumps(outcome), flush=True)
    if "said" in outcome:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        lease = lease.model_copy(update={"until": time.time() + seconds, "watchdog": watchdog.pid})
        write_lease(lease)
        _keep(fault, lease, watchdog)


def _keep(fault: Fault, lease: Lease, watchdog: "subprocess.Popen[bytes]") -> None:
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    started = time.time()
    while not over.wait(TICK) and time.time() < lease.until and read_lease(fault.name):
        if watchdog.poll() is not None:
            watchdog = _start_watchdog(lease)
        try:
            fault.keep(lease.severity, time.time() - started)
        except Exception as error:
            print(f"{fault.name} could not be maintained for a moment: {error}", file=sys.stderr, flush=True)


def _start_watchdog(lease: Lease) -> "subprocess.Popen[bytes]":
    """A new watchdog, in a session of its own, so that what ends this one does not end it."""
    command = [sys.executable, "-m", "faults.watchdog", lease.fault]
    watchdog = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    write_lease(lease.model_copy(update={"watchdog": watchdog.pid}))
    return watchdog


if __name__ == "__main__":
    main()
