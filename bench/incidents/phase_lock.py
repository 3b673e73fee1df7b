"""Stacks on one machine: none is started while a fault is active in another; a start takes all CPU."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class PhaseLock:
    """Any number of starts at once, or any number of active faults, never both."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: Counter[str] = Counter()

    def starting(self) -> AbstractContextManager[None]:
        """Wait until no fault is active, and let none begin."""
        return self._hold("start", unless="fault")

    def fault(self) -> AbstractContextManager[None]:
        """Wait until nobody is starting, and keep starts away."""
        return self._hold("fault", unless="start")

    @contextmanager
    def _hold(self, phase: str, unless: str) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way[unless])
            self._under_way[phase] += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way[phase] -= 1
                self._changed.notify_all()
