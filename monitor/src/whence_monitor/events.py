"""What a service tells, on its way to the thread that counts it: a bounded queue that never blocks."""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from weakref import WeakMethod

CAPACITY = 8_192
"""Events that may wait; of more, the newest are dropped and counted."""
BATCH = 256
"""Events that are counted at once: the calling threads get the interpreter back after each batch."""
INTERVAL = 1.0
"""Seconds that an event waits at most."""


class Observed(NamedTuple):
    """One prediction; `row` is None if its features are no mapping; `at` in seconds since 1970.

    What it took, `latency` in seconds, and cost, and from when its features were, as far as that is told.
    """

    row: dict[str, Any] | None
    prediction: Any
    id: Any
    segment: Any
    at: float
    latency: Any
    cost: Any
    features_at: Any


class Labelled(NamedTuple):
    """The truth about the prediction with this id, known `at` seconds since 1970."""

    id: Any
    truth: Any
    at: Any


class Judged(NamedTuple):
    """A prediction with its truth, from a service that keeps its predictions; `delay` in seconds."""

    prediction: Any
    truth: Any
    segment: Any
    delay: Any


AnyEvent = Observed | Labelled | Judged
Consume = Callable[[list[AnyEvent]], None]


class Events:
    """A queue, and the daemon thread that empties it into the method `consume` while its object lives."""

    def __init__(self, consume: Consume) -> None:
        self._consume: Callable[[], Consume | None] = WeakMethod(consume)
        self._queue: deque[AnyEvent] = deque()
        self._wake = Event()
        self._starting = Lock()
        self._consuming = Lock()
        self._thread: Thread | None = None
        self._closed = False
        self._dropped = 0

    def put(self, event: AnyEvent) -> None:
        """Take an event in, in about a microsecond."""
        queue = self._queue
        if len(queue) >= CAPACITY:
            with self._starting:
                self._dropped += 1
            return
        queue.append(event)
        if self._thread is None:
            self._start()
        if len(queue) >= BATCH and not self._wake.is_set():
            self._wake.set()

    def take_dropped(self) -> int:
        """How many events were dropped since this was asked last."""
        with self._starting:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def drain(self) -> None:
        """Consume what waits now, on this thread."""
        with self._consuming:
            for _ in range(CAPACITY // BATCH + 1):
                if not self._consume_batch():
                    return

    def close(self) -> None:
        """Consume what waits; what comes later waits for the next `drain`."""
        self._closed = True
        self._wake.set()
        self.drain()

    def _consume_batch(self) -> bool:
        queue = self._queue
        batch = [queue.popleft() for _ in range(min(len(queue), BATCH))]
        consume = self._consume()
        if not batch or consume is None:
            return False
        consume(batch)
        return True

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None or self._closed:
                return
            self._thread = Thread(target=self._run, name="whence-monitor", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter ends: the last collection drains
                self._closed = True

    def _run(self) -> None:
        while not self._closed and self._consume() is not None:
            self._wake.wait(INTERVAL)
            self._wake.clear()
            self.drain()
