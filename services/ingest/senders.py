"""Who sent a resource."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from telemetry import attributes as a

UNKNOWN = "unknown_service"
"""What SDKs call a service that has no name."""
UNNAMED = "unknown"
"""A process that does not say which of a service's it is."""
OTHER = "other"
LONGEST_NAME = 128
_LABELS = (a.SERVICE_NAME, "service.namespace", a.SERVICE_INSTANCE_ID, a.SERVICE_VERSION)
_NAME = rb"\x0a\x0cservice\.name"
_VALUE = rb"\x12.\x0a.([^\x00-\x1f]{1,%d})" % LONGEST_NAME
_ENCODED_NAME = re.compile(rb"%b%b|%b%b" % (_NAME, _VALUE, _VALUE, _NAME), re.DOTALL)
"""The attribute service.name as protobuf encodes it: the collector writes the last field first."""


class Sender(NamedTuple):
    """A service and its process, and hashes of the labels by which Prometheus tells its resources apart: of
    all, of each.
    """

    name: str
    instance: str
    identity: int
    labels: Sequence[tuple[str, int]]


def identify(resource: Resource) -> Sender:
    """The sender of a resource: prometheus/prometheus.yml promotes the attributes that count."""
    found = {each.key: each.value.string_value for each in resource.attributes if each.key in _LABELS}
    name = found.get(a.SERVICE_NAME) or UNKNOWN
    labels = [(key, hash(value)) for key, value in found.items()]
    instance = found.get(a.SERVICE_INSTANCE_ID) or UNNAMED
    identity = hash(tuple(found.get(label, "") for label in _LABELS))
    return Sender(name[:LONGEST_NAME], instance[:LONGEST_NAME], identity, labels)


def find_name(encoded: bytes) -> str:
    """The service's name in an encoded ResourceMetrics that cannot be read, or in parts of it."""
    found = _ENCODED_NAME.search(encoded)
    value = (found[1] or found[2]) if found else b""
    return value.decode(errors="replace") or UNKNOWN


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
