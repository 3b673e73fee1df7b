"""Who is speaking: the resource every span and metric carries."""

import os
import socket
from collections.abc import Mapping

from opentelemetry.sdk.resources import Resource
from opentelemetry.util.types import AnyValue

from telemetry import attributes as a


class Identity:
    """The current resource; `describe` replaces it for everything exported from then on."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    @classmethod
    def of_process(cls, service: str, version: str, environment: str) -> "Identity":
        """Return the identity of this process; OTEL_RESOURCE_ATTRIBUTES adds attributes.

        `service.instance.id` is service and host, the same after a restart: a restart starts no new series.
        """
        host = socket.gethostname()
        attributes = {
            a.SERVICE_NAME: service,
            a.SERVICE_VERSION: version,
            a.SERVICE_INSTANCE_ID: f"{service}@{host}",
            a.DEPLOYMENT_ENVIRONMENT: environment,
            "host.name": host,
        }
        return cls(Resource.create(attributes))

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Add or change resource attributes."""
        self.resource = self.resource.merge(Resource(dict(attributes)))

    def of_spans(self) -> dict[str, AnyValue]:
        """The attributes for spans: with process.pid, which in metrics would multiply series."""
        return {**(self.resource.attributes or {}), "process.pid": os.getpid()}
