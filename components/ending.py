"""How a program is told to end."""

import signal
import sys


def end_when_told() -> None:
    """SIGTERM and SIGHUP end this program as an error does, with what it started; where ignored, they are."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, lambda number, _: sys.exit(128 + number))
