"""The encoder as an ordinary span exporter, for the SDK's provider and processors and those of others.

It stands where the SDK has OTLPSpanExporter: each call sends one batch, with retries, before a deadline.
"""

import logging
import os
import weakref
from collections.abc import Iterator, Sequence
from threading import Event
from time import monotonic

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from fastotel.encoding import Group, encode_request, encode_span
from fastotel.sending import Sender, SendFailed, Target
from fastotel.settings import needs_sdk_exporter, read_target

FIRST_PAUSE = 1.0
"""Seconds before the second attempt, doubled before each further one, unless the receiver asks for others."""

_logger = logging.getLogger(__name__)


class OtlpSpanExporter(SpanExporter):
    """Sends spans to `target`, and gives a batch up when no attempt can begin within `target.timeout`.

    Without `target` OTEL_EXPORTER_OTLP_* say where; a proxy or a credential provider raises ValueError.
    """

    def __init__(self, target: Target | None = None) -> None:
        self._target = target or _read_target()
        self._stopping = Event()
        self._connect()
        connect = weakref.WeakMethod(self._connect)
        os.register_at_fork(after_in_child=lambda: (again := connect()) and again())

    def _connect(self) -> None:
        self._sender = Sender(self._target)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send ended spans; those that cannot be encoded are logged and left out."""
        request = encode_request(_encode(spans))
        deadline, pause = monotonic() + self._target.timeout, FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                if rejected := self._sender.send(request):
                    _logger.warning("%s rejected %d of %d spans", self._target.endpoint, rejected, len(spans))
                return SpanExportResult.SUCCESS
            except SendFailed as failure:
                wait = pause if failure.pause is None else failure.pause
                if not failure.retryable or monotonic() + wait > deadline:
                    _logger.error(
                        "%d spans are lost: %s answers %s", len(spans), self._target.endpoint, failure.kind
                    )
                    return SpanExportResult.FAILURE
                _logger.warning(
                    "Spans are not exported to %s: %s; retrying", self._target.endpoint, failure.kind
                )
                self._stopping.wait(wait)
                pause *= 2
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """End; a batch under way is not tried again."""
        self._stopping.set()
        self._sender.close()


def _read_target() -> Target:
    target = read_target()
    if needs_sdk_exporter(target.endpoint):
        raise ValueError(
            "fastotel's exporter knows no proxy and no credential provider: use the exporter otlp"
        )
    return target


def _encode(spans: Sequence[ReadableSpan]) -> Iterator[tuple[Group, bytes]]:
    for span in spans:
        try:
            yield (span.resource, span.instrumentation_scope), encode_span(span)
        except Exception as error:  # whatever a program put into a span must not lose the others
            _logger.warning("The span %r cannot be exported: %s", span.name, error)
