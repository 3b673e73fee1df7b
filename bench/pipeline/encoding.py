"""OTLP's messages from plain data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Attributes = Mapping[str, str | int | float]

SERVICE = "pipeline-"
"""What the names of the services begin with."""

RESOURCE: Attributes = {
    "service.version": "1.4.2",
    "service.namespace": "bench",
    "deployment.environment.name": "production",
    "host.name": "node-3.example.internal",
    "process.pid": 7,
    "process.runtime.name": "cpython",
    "process.runtime.version": "3.13.5",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.45.1",
}


class Request(NamedTuple):
    """An encoded export request, and how many spans or points are in it."""

    body: bytes
    items: int


def set_resource(group: Any, service: str, instance: int = 0) -> None:
    """Say that a group of spans or metrics is of one process of a service."""
    del group.resource.attributes[:]
    own = {"service.name": f"{SERVICE}{service}", "service.instance.id": f"{service}-7d9f8b6c5-{instance}"}
    set_attributes(group.resource.attributes, {**own, **RESOURCE})


def set_attributes(to: Any, attributes: Attributes, number: int = 0) -> None:
    """Add attributes to a repeated field of KeyValue, with `{n}` in texts replaced by the number."""
    for key, value in attributes.items():
        added = to.add(key=key).value
        if isinstance(value, str):
            added.string_value = value.replace("{n}", str(number))
        elif isinstance(value, int):
            added.int_value = value
        else:
            added.double_value = value
