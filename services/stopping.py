"""How a process that serves with uvicorn ends."""

import signal
import sys


def exit_when_stopped() -> None:
    """Make SIGTERM and SIGINT end the process by SystemExit, so that `finally` can send the telemetry.

    uvicorn raises the signal again when it is done, and its default action would end the process there.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
