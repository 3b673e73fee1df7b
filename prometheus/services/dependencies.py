"""Whom services call and how that goes, as they see it: from their spans of the kinds that call."""

from collections.abc import Sequence

from prometheus import queries as q
from prometheus.names import REQUEST_SPANS, label
from telemetry import attributes as a

CALLING = 'span_kind=~"SPAN_KIND_CLIENT|SPAN_KIND_PRODUCER|SPAN_KIND_CONSUMER"'

CALLER = "service_name"
PEER = tuple(map(label, a.PEER))
"""The labels that tell the callee; those that do not apply are missing."""

CACHES = frozenset({"redis", "valkey", "memcached", "hazelcast"})
"""Products, by `db.system.name`; the others are databases."""
OBJECT_STORES, QUEUES, DATABASES = (
    frozenset({"S3"}),
    frozenset({"SQS", "SNS", "Kinesis"}),
    frozenset({"DynamoDB"}),
)
"""Services of AWS by what they are, by `rpc.service`."""
SDKS = {label(a.GEN_AI_PROVIDER_NAME): "llm"}
"""What an SDK calls that has a span around its HTTP requests: its kind, by the label that names it."""

NAMELESS = "unnamed"
"""The name of a peer of which a span tells nothing."""

ENDS = ("status_code", label(a.ERROR_TYPE))
"""How calls ended: `STATUS_CODE_ERROR` with the type of the error, or another status."""


def count(*where: str, by: Sequence[str] = (CALLER, *PEER, *ENDS), window: str = q.PANEL) -> str:
    """Calls per second."""
    return q.observations(REQUEST_SPANS, CALLING, *where, by=by, window=window)


def present(*, by: Sequence[str] = (CALLER, *PEER), window: str) -> str:
    """1 for each group of which calls were counted in a window."""
    return q.present(REQUEST_SPANS, CALLING, by=by, window=window)


def waited(*where: str, by: Sequence[str] = (CALLER, *PEER), window: str = q.PANEL) -> str:
    """Seconds per second that calls took; by their number it is the mean duration."""
    return f"histogram_sum({distribution(*where, by=by, window=window)})"


def distribution(*where: str, by: Sequence[str] = (CALLER, *PEER), window: str = q.PANEL) -> str:
    """The histogram of the seconds that calls took."""
    return q.distribution(REQUEST_SPANS, CALLING, *where, by=by, window=window)


def latency(quantile: float, *where: str, by: Sequence[str] = (CALLER, *PEER), window: str = q.PANEL) -> str:
    """The quantile (0–1) of the seconds that calls took."""
    return q.quantile(quantile, REQUEST_SPANS, CALLING, *where, by=by, window=window)
