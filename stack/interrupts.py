"""Ctrl-C while the stack starts: noticed between two looks at the processes, never lost.

Python raises KeyboardInterrupt wherever it happens to be; where it is finalising an object it drops it, and
between the start of a program and the note of its id it leaves the program running.
"""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def hold_interrupts() -> Iterator[threading.Event]:
    """Inside, an interrupt sets the event instead of raising; where ignored, it still is."""
    interrupted = threading.Event()
    former = signal.getsignal(signal.SIGINT)
    if former is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, former)


def until_interrupted(interrupted: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """The items; raises KeyboardInterrupt before the next one once the event is set."""
    for item in items:
        if interrupted.is_set():
            raise KeyboardInterrupt
        yield item
