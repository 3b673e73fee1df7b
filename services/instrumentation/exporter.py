"""One daemon thread sends spans and metrics; requests never wait for it, and what it loses is counted."""

import logging
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import MetricsData

from services.instrumentation.protobuf import encode_request
from services.instrumentation.queue import Encoded, SpanQueue
from services.instrumentation.resource import Identity
from services.instrumentation.sender import SendFailed
from services.instrumentation.settings import TelemetrySettings

SPANS, METRICS = "/v1/traces", "/v1/metrics"
MAX_PAUSE = 5.0
"""Longest pause between attempts while the collector is away, in seconds."""
MAX_ATTEMPTS = 20
"""Attempts per batch of spans, about 90 s of them; then it is given up and counted."""

_logger = logging.getLogger(__name__)


class Transport(Protocol):
    """Delivers an encoded export request."""

    def send(self, path: str, payload: bytes) -> int:
        """Return how many items were rejected. Raises SendFailed."""

    def close(self) -> None:
        """Release the connection."""


class Outage:
    """Says once that the collector is away, and once that it is back."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._since: float | None = None

    def begin(self, reason: str) -> None:
        """Log the first failure of an outage."""
        if self._since is None:
            self._since = monotonic()
            _logger.warning("telemetry is not exported: no OTLP/HTTP at %s (%s)", self._endpoint, reason)

    def end(self) -> None:
        """Log the end of an outage, if there was one."""
        if self._since is not None:
            _logger.warning("telemetry is exported again after %.0f s", monotonic() - self._since)
            self._since = None


class Exporter:
    """Sends what `queue` holds and `collect` returns.

    `outcomes` counts items by path and `error.type`, where the empty text stands for success.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        identity: Identity,
        queue: SpanQueue,
        collect: Callable[[], MetricsData | None],
        transport: Transport,
    ) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.queue = queue
        self._settings = settings
        self._identity = identity
        self._collect = collect
        self._transport = transport
        self._outage = Outage(settings.endpoint)
        self._batch: list[Encoded] = []
        self._attempts = 0
        self._stopping = False
        os.register_at_fork(after_in_child=self._restart)
        self._start()

    def stop(self, timeout: float) -> None:
        """Send what is left, for at most `timeout` seconds, and end."""
        self._stopping = True
        self.queue.filling.set()
        self._thread.join(timeout)
        if lost := len(self.queue) + len(self._batch):
            _logger.warning("%d spans were not sent before the process ended", lost)

    def _start(self) -> None:
        self._thread = Thread(target=self._run, name="telemetry-export", daemon=True)
        self._thread.start()

    def _restart(self) -> None:
        if not self._stopping:
            self.queue.clear()
            self._batch = []
            self._transport.close()
            self._start()

    def _run(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        interval = self._settings.metric_interval / 1_000
        due = monotonic() + interval
        while not self._stopping:
            self.queue.filling.wait(self._pause())
            self.queue.filling.clear()
            self._send_spans()
            if monotonic() >= due:
                due = monotonic() + interval
                self._send_metrics()
        self._send_spans()
        self._send_metrics()
        self._transport.close()

    def _pause(self) -> float:
        return min(MAX_PAUSE, self._settings.span_interval / 1_000 * 2.0**self._attempts)

    def _send_spans(self) -> None:
        while self._batch or self.queue:
            self._batch = self._batch or self.queue.remove(self._settings.span_batch)
            try:
                self._send(SPANS, self._encode(self._batch), len(self._batch))
            except SendFailed as failure:
                self._attempts += 1
                if failure.retryable and self._attempts < MAX_ATTEMPTS:
                    return
                self.outcomes[SPANS, failure.kind] += len(self._batch)
            self._batch, self._attempts = [], 0

    def _encode(self, batch: list[Encoded]) -> bytes:
        scopes: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for scope, span in batch:
            scopes[scope].append(span)
        return encode_request(self._identity.of_spans(), scopes.items())

    def _send_metrics(self) -> None:
        try:
            data = self._collect()
            payload = encode_metrics(data).SerializeToString() if data else None
        except Exception as error:  # somebody's callback; what comes next is still to be sent
            _logger.warning("metrics are not collected: %s: %s", type(error).__name__, error)
            return
        if data is None or payload is None:
            return
        count = _count_points(data)
        try:
            self._send(METRICS, payload, count)
        except SendFailed as failure:
            self.outcomes[METRICS, failure.kind] += count

    def _send(self, path: str, payload: bytes, count: int) -> None:
        try:
            rejected = self._transport.send(path, payload)
        except SendFailed as failure:
            self._outage.begin(failure.kind)
            raise
        self._outage.end()
        self.outcomes[path, ""] += count - rejected
        if rejected:
            self.outcomes[path, "rejected"] += rejected


def _count_points(data: MetricsData) -> int:
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )
