"""Stacks on one machine: while one is in trouble none is started, for that takes all CPU for seconds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Any number of starts at once, or any number of troubles, never both."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._starts = 0
        self._troubles = 0

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Wait until nobody is in trouble, and keep trouble away."""
        with self._changed:
            self._changed.wait_for(lambda: not self._troubles)
            self._starts += 1
        try:
            yield
        finally:
            with self._changed:
                self._starts -= 1
                self._changed.notify_all()

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Wait until nobody is starting, and keep starts away."""
        with self._changed:
            self._changed.wait_for(lambda: not self._starts)
            self._troubles += 1
        try:
            yield
        finally:
            with self._changed:
                self._troubles -= 1
                self._changed.notify_all()
