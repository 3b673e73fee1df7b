"""`python -m faults.watchdog FAULT`: mends the fault when its standard input, the runner's pipe, closes."""

import os
import signal
import sys
import time

PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between tries: at first, and when the stack has been away for long."""


def main() -> None:
    """Wait for the end of the runner; then mend and drop the lease, trying for as long as it is there."""
    name, pause = sys.argv[1], PAUSE
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    while not _mend(name):
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, 1.5 * pause)
        if not _is_watchdog_of(name):
            return


def _mend(name: str) -> bool:
    """Try once; whether it is mended. What that takes is loaded now: a watchdog that waits is a small one."""
    from faults.catalogue import FAULTS
    from faults.lease import drop_lease

    try:
        FAULTS[name].mend()
    except Exception as error:
        print(f"{name} is not undone yet: {error}", file=sys.stderr, flush=True)
        return False
    drop_lease(name)
    return True


def _is_watchdog_of(name: str) -> bool:
    """whether the fault is still active, and this its watchdog; one not noted yet may be."""
    from faults.lease import read_lease

    lease = read_lease(name)
    return lease is not None and lease.watchdog in (0, os.getpid())


if __name__ == "__main__":
    main()
