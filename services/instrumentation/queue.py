"""Spans waiting for export: bounded, counted, never in a request's way."""

from collections import deque
from threading import Event, Lock

from services.instrumentation.spans import RecordingSpan, encode

Encoded = tuple[bytes, bytes]


class SpanQueue:
    """Holds up to `capacity` encoded spans, each with its scope; what does not fit is dropped and counted."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.dropped = 0
        self.filling = Event()
        self._spans: deque[Encoded] = deque()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._spans)

    def take(self, span: RecordingSpan) -> None:
        """Encode and keep a span; half full, wake whoever waits on `filling`."""
        waiting = len(self._spans)
        if waiting >= self.capacity:
            with self._lock:
                self.dropped += 1
            return
        self._spans.append((span.origin.encoded_scope, encode(span)))
        if waiting == self.capacity // 2:
            self.filling.set()

    def remove(self, count: int) -> list[Encoded]:
        """Take out the oldest spans, `count` at most."""
        return [self._spans.popleft() for _ in range(min(count, len(self._spans)))]

    def clear(self) -> None:
        """Forget what waits, as after a fork, where the parent sends it."""
        self._spans.clear()
