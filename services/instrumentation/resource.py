"""Who is speaking: the resource every span and metric carries."""

import socket

from opentelemetry.sdk.resources import Resource

from telemetry import attributes as a


def describe_process(service: str, version: str, environment: str) -> Resource:
    """Return the resource of this process.

    `service.instance.id` is service and host, the same after a restart, so that a restart does not start new series.
    OTEL_RESOURCE_ATTRIBUTES adds attributes.
    """
    host = socket.gethostname()
    return Resource.create(
        {
            a.SERVICE_NAME: service,
            a.SERVICE_VERSION: version,
            a.SERVICE_INSTANCE_ID: f"{service}@{host}",
            a.DEPLOYMENT_ENVIRONMENT: environment,
            "host.name": host,
        }
    )
