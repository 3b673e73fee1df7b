"""Ctrl-C and other ends while the stack starts: noticed between two looks at the processes, never lost.

Python raises KeyboardInterrupt wherever it happens to be; where it is finalising an object it drops it, and
between the start of a program and the note of its id it leaves the program running.
"""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def hold_interrupts() -> Iterator[threading.Event]:
    """Inside, SIGINT, SIGTERM and SIGHUP set the event instead of raising; where ignored, they still are."""
    interrupted = threading.Event()
    former = {number: signal.getsignal(number) for number in HELD}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def until_interrupted(interrupted: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """The items; raises KeyboardInterrupt before the next one once the event is set."""
    for item in items:
        if interrupted.is_set():
            raise KeyboardInterrupt
        yield item
