"""A span processor that encodes spans when they end and sends them from one daemon thread.

It stands where the SDK has BatchSpanProcessor(OTLPSpanExporter()), and works with the SDK's provider too.
"""

import logging
import os
import weakref
from collections import Counter, deque
from threading import Event, Lock, Thread
from time import monotonic

from opentelemetry import metrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from fastotel.counts import publish
from fastotel.encoding import Group, encode_request, encode_span
from fastotel.sending import Sender, SendFailed, Target

LAST_CHANCE = 5.0
"""What shutdown waits at most, in seconds."""
MAX_PAUSE = 5.0
"""Longest pause between attempts that the receiver did not ask for, in seconds."""

_logger = logging.getLogger(__name__)


class OtlpSpanProcessor(SpanProcessor):
    """Holds up to `queue_size` encoded spans; what does not fit is dropped and counted.

    `processed` counts spans by `error.type` on their way into a request, `exported` on their way out; the
    empty text is success. Sending a batch is given up `patience` seconds after it first failed.
    """

    def __init__(
        self,
        target: Target | None = None,
        *,
        queue_size: int = 2_048,
        batch_size: int = 512,
        delay: float = 5.0,
        patience: float = 30.0,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """`delay` is the pause between exports, in seconds. Raises ValueError for sizes that cannot work."""
        if not 0 < batch_size <= queue_size or delay <= 0:
            raise ValueError("need 0 < batch_size <= queue_size and delay > 0")
        self.processed: Counter[str] = Counter()
        self.exported: Counter[str] = Counter()
        self.queue_size = queue_size
        self._target = target or Target()
        self._batch_size = batch_size
        self._delay = delay
        self._patience = patience
        self._queue: deque[tuple[Group, bytes]] = deque()
        self._group: Group = (Resource.get_empty(), None)
        self._stopping = False
        self._begin()
        restart = weakref.WeakMethod(self._restart)
        os.register_at_fork(after_in_child=lambda: (again := restart()) and again())
        publish(self, meter_provider or metrics.get_meter_provider())

    def __len__(self) -> int:
        return len(self._queue)

    def _begin(self) -> None:
        self._sender = Sender(self._target)
        self._batch: list[tuple[Group, bytes]] = []
        self._attempts = 0
        self._batch_failed: float | None = None
        self._outage: float | None = None
        self._counting, self._exporting = Lock(), Lock()
        self._wake, self._stop = Event(), Event()
        self._thread = Thread(target=self._run, name="fastotel-export", daemon=True)
        self._thread.start()

    def _restart(self) -> None:
        """In a forked process: what waits is the parent's to send, and its thread is not here."""
        self._queue.clear()
        self.processed.clear()
        self.exported.clear()
        if not self._stopping:
            self._begin()

    def on_end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is None or not context.trace_flags & 1:
            return
        waiting = len(self._queue)
        if self._stopping or waiting >= self.queue_size:
            self._count_processed("already_shutdown" if self._stopping else "queue_full", 1)
            return
        try:
            encoded = encode_span(span)
        except Exception as error:  # whatever a program put into its span must not break the program
            self._count_processed(type(error).__qualname__, 1)
            return
        self._queue.append((self._group_of(span), encoded))
        if waiting >= self._batch_size - 1 and not self._wake.is_set():
            self._wake.set()

    def _group_of(self, span: ReadableSpan) -> Group:
        """Return the span's resource and scope; spans of one tracer in a row share the pair."""
        resource, scope, group = span.resource, span.instrumentation_scope, self._group
        if group[0] is not resource or group[1] is not scope:
            group = self._group = (resource, scope)
        return group

    def _count_processed(self, error: str, number: int) -> None:
        with self._counting:
            first = error not in self.processed
            self.processed[error] += number
        if first and error:
            _logger.warning("A span was not exported: %s (said once, counted from now on)", error)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping:
            if pause:
                self._stop.wait(pause)
            else:
                self._wake.wait(self._delay)
            self._wake.clear()
            pause = self._export() or 0.0
        self._export()

    def _export(self, timeout: float = -1) -> float | None:
        """Send all that waits and return 0.0; after a failure, the seconds to wait before the next attempt.

        None: another thread was exporting for all of `timeout` seconds (negative: wait as long as it takes).
        """
        if not self._exporting.acquire(timeout=timeout):
            return None
        try:
            while self._batch or self._queue:
                if pause := self._send_batch():
                    return pause
            return 0.0
        finally:
            self._exporting.release()

    def _send_batch(self) -> float:
        if not self._batch:
            count = min(self._batch_size, len(self._queue))
            self._batch = [self._queue.popleft() for _ in range(count)]
            self._count_processed("", count)
        try:
            rejected = self._sender.send(encode_request(self._batch))
        except SendFailed as failure:
            return self._decide(failure)
        except Exception as error:
            _logger.exception("Spans could not be sent")
            return self._give_up(type(error).__qualname__)
        if self._outage is not None:
            _logger.warning("Spans are exported again after %.0f s", monotonic() - self._outage)
            self._outage = None
        self.exported[""] += len(self._batch) - rejected
        if rejected:
            self.exported["rejected"] += rejected
        self._batch, self._attempts, self._batch_failed = [], 0, None
        return 0.0

    def _decide(self, failure: SendFailed) -> float:
        """Return the seconds after which the batch is tried again, or give it up and return 0.0."""
        now = monotonic()
        if self._outage is None:
            self._outage = now
            _logger.warning("Spans are not exported to %s: %s", self._target.endpoint, failure.kind)
        if self._batch_failed is None:
            self._batch_failed = now
        asked = failure.pause
        pause = max(0.01, min(MAX_PAUSE, 0.5 * 2**self._attempts) if asked is None else asked)
        self._attempts += 1
        in_time = now + pause < self._batch_failed + self._patience
        if failure.retryable and in_time and not self._stopping:
            return pause
        return self._give_up(failure.kind)

    def _give_up(self, error: str) -> float:
        self.exported[error] += len(self._batch)
        self._batch, self._attempts, self._batch_failed = [], 0, None
        return 0.0

    def force_flush(self, timeout_millis: int | None = 30_000) -> bool:
        """Send all that waits and return whether that was done in time."""
        deadline = monotonic() + (30_000 if timeout_millis is None else timeout_millis) / 1_000
        while not self._stopping and (left := deadline - monotonic()) > 0:
            pause = self._export(left)
            if pause is None:
                return False
            if not pause:
                return True
            self._stop.wait(min(pause, max(0.0, deadline - monotonic())))
        return False

    def shutdown(self) -> None:
        """Send what waits, once, for at most LAST_CHANCE seconds, and end."""
        if self._stopping:
            return
        self._stopping = True
        self._wake.set()
        self._stop.set()
        self._thread.join(LAST_CHANCE)
        if lost := len(self._queue) + len(self._batch):
            self._count_processed("already_shutdown", len(self._queue))
            _logger.warning("%d spans were not sent before the process ended", lost)
        self._sender.close()
