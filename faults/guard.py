"""`python -m faults.guard FAULT`: mends the fault when its standard input, the keeper's pipe, closes."""

import signal
import sys
import time

TRIES, PAUSE = 30, 2.0


def main() -> None:
    """Wait for the end of the keeper; then mend, trying for a minute, and drop the lease."""
    name = sys.argv[1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    from faults.catalogue import FAULTS
    from faults.lease import drop_lease

    for _ in range(TRIES):
        try:
            FAULTS[name].mend()
        except Exception as error:
            print(f"{name} is not mended yet: {error}", file=sys.stderr, flush=True)
            time.sleep(PAUSE)
        else:
            drop_lease(name)
            return


if __name__ == "__main__":
    main()
