"""JSON lines on stdout, each with the trace and span it belongs to."""

import logging

from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from services import logs


def add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add `trace_id` and `span_id` (hexadecimal) of the current span, if there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def configure_logging(service: str, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's log records to stdout as JSON lines that name `service`."""
    logs.configure_logging(service, level, add_trace)
