"""Our spans as the SDK's, for exporters that take the SDK's."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter

from services.instrumentation.resource import Identity
from services.instrumentation.spans import RecordingSpan


def to_readable(span: RecordingSpan, resource: Resource) -> ReadableSpan:
    """Return the SDK's view of an ended span, for exporters that take the SDK's spans."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=resource,
        attributes=span.attributes,
        events=span.events or (),
        links=span.links or (),
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.origin.scope,
    )


class ImmediateSink:
    """Gives every span to `exporter` at once, as the SDK's spans: for tests."""

    def __init__(self, exporter: SpanExporter | None, identity: Identity) -> None:
        self._exporter = exporter
        self._identity = identity

    def take(self, span: RecordingSpan) -> None:
        """Export a span."""
        if self._exporter is not None:
            self._exporter.export([to_readable(span, self._identity.resource)])
