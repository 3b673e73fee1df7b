"""Who is speaking: the resource of every span and metric."""

import os
import socket
from collections.abc import Callable, Mapping

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.util.types import AnyValue

from telemetry import attributes as a

Attributes = Mapping[str, AnyValue]


class LiveResource(Resource):
    """A resource some of whose attributes change while the process runs, such as the version of its model.

    `changing` gives them, at each export. It is equal to itself only: the SDK groups spans by resource, and
    renders all attributes as JSON to hash one of its own.
    """

    def __init__(self, attributes: Attributes, changing: Callable[[], Attributes]) -> None:
        super().__init__(attributes)
        self._changing = changing

    @property
    def attributes(self) -> Attributes:
        return {**super().attributes, **self._changing()}

    def merge(self, other: Resource) -> "LiveResource":
        return LiveResource({**super().attributes, **other.attributes}, self._changing)

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class ProcessResources:
    """The resources of one process: `spans` has its id too, which in metrics would multiply series.

    A process forked from it, such as gunicorn's with `preload_app`, speaks for itself: its id is added to
    `service.instance.id`.
    """

    def __init__(self, service: str, version: str, instance: str = "") -> None:
        self._pid = os.getpid()
        self._described: dict[str, str] = {}
        attributes = _describe_process(service, version, instance)
        self._instance = str(attributes[a.SERVICE_INSTANCE_ID])
        self.metrics = LiveResource(attributes, self._describe)
        self.spans = LiveResource(attributes, lambda: {**self._describe(), "process.pid": os.getpid()})

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Add or change attributes of all spans and metrics exported from now on."""
        self._described = {**self._described, **attributes}

    def _describe(self) -> Attributes:
        if (pid := os.getpid()) == self._pid:
            return self._described
        return {**self._described, a.SERVICE_INSTANCE_ID: f"{self._instance}/{pid}"}


def _describe_process(service: str, version: str, instance: str) -> Attributes:
    """What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, and where they say nothing, the following.

    `service.instance.id` is service and host, the same after a restart: a restart starts no new series.
    `instance` is added even to a chosen one, which all processes of the service were given.
    """
    host = socket.gethostname()
    chosen = OTELResourceDetector().detect().attributes
    name = chosen.get(a.SERVICE_NAME, service)
    defaults: Attributes = {
        a.SERVICE_NAME: name,
        a.SERVICE_VERSION: version,
        a.SERVICE_INSTANCE_ID: f"{name}@{host}",
        a.DEPLOYMENT_ENVIRONMENT: os.environ.get("DEPLOYMENT_ENVIRONMENT", "demo"),
        "host.name": host,
    }
    described = {**defaults, **chosen}
    if instance:
        described[a.SERVICE_INSTANCE_ID] = f"{described[a.SERVICE_INSTANCE_ID]}/{instance}"
    return Resource.create(described).attributes
