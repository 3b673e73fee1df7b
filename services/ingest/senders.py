"""Who sent a resource."""

import re
from typing import NamedTuple

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from telemetry import attributes as a

UNKNOWN = "unknown_service"
"""What SDKs call a service that has no name."""
OTHER = "other"
LONGEST_NAME = 128
_LABELS = (a.SERVICE_NAME, "service.namespace", a.SERVICE_INSTANCE_ID, a.SERVICE_VERSION)
_ENCODED_NAME = re.compile(rb"\x0a\x0cservice\.name\x12.\x0a(.)", re.DOTALL)
"""The attribute service.name in protobuf's encoding, up to the length of its value."""


class Sender(NamedTuple):
    """A service, and a hash of the labels by which Prometheus tells its resources apart."""

    name: str
    identity: int


def identify(resource: Resource) -> Sender:
    """The sender of a resource: prometheus/prometheus.yml promotes the attributes that count."""
    found = {each.key: each.value.string_value for each in resource.attributes if each.key in _LABELS}
    name = found.get(a.SERVICE_NAME) or UNKNOWN
    return Sender(name[:LONGEST_NAME], hash(tuple(found.get(label, "") for label in _LABELS)))


def name_of_cut(head: bytes) -> str:
    """The service's name in the beginning of an encoded ResourceMetrics, which need not be all of it."""
    found = _ENCODED_NAME.search(head)
    if not found:
        return UNKNOWN
    value = head[found.end() : found.end() + found[1][0]]
    return value.decode(errors="replace")[:LONGEST_NAME] or UNKNOWN


class Names:
    """Words for attributes of metrics: the first `limit` that come, all later ones are OTHER."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def bound(self, name: str) -> str:
        """The name, or OTHER."""
        if name not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(name)
        return name
