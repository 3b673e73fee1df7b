"""Whom services call and how that goes, as they see it: from their spans of the kinds that call."""

from collections.abc import Sequence

from prometheus import queries as q
from prometheus.names import REQUEST_SPANS, label
from telemetry import attributes as a

CALLING = 'span_kind=~"SPAN_KIND_CLIENT|SPAN_KIND_PRODUCER|SPAN_KIND_CONSUMER"'

CALLER = "service_name"
PEER = tuple(map(label, a.PEER))
"""The labels that tell the callee; those that do not apply are missing."""

ENDS = ("status_code", label(a.ERROR_TYPE))
"""How calls ended: `STATUS_CODE_ERROR` with the type of the error, or another status."""


def count(*where: str, by: Sequence[str] = (CALLER, *PEER, *ENDS), window: str = q.PANEL) -> str:
    """Calls per second."""
    return q.observations(REQUEST_SPANS, CALLING, *where, by=by, window=window)


def waited(*where: str, by: Sequence[str] = (CALLER, *PEER), window: str = q.PANEL) -> str:
    """Seconds per second that calls took; by their number it is the mean duration."""
    return f"histogram_sum({q.distribution(REQUEST_SPANS, CALLING, *where, by=by, window=window)})"


def latency(quantile: float, *where: str, by: Sequence[str] = (CALLER, *PEER), window: str = q.PANEL) -> str:
    """The quantile (0–1) of the seconds that calls took."""
    return q.quantile(quantile, REQUEST_SPANS, CALLING, *where, by=by, window=window)
