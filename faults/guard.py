"""`python -m faults.guard FAULT`: mends the fault when its standard input, the keeper's pipe, closes."""

import signal
import sys
import time

PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between tries: at first, and when the stack has been away for long."""


def main() -> None:
    """Wait for the end of the keeper; then mend and drop the lease, trying for as long as it is there."""
    name = sys.argv[1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    from faults.catalogue import FAULTS
    from faults.lease import drop_lease, read_lease

    pause = PAUSE
    while True:
        try:
            FAULTS[name].mend()
        except Exception as error:
            if not read_lease(name):
                return
            print(f"{name} is not mended yet: {error}", file=sys.stderr, flush=True)
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, 1.5 * pause)
        else:
            drop_lease(name)
            return


if __name__ == "__main__":
    main()
