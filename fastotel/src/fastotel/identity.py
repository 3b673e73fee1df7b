"""Who says it: `telemetry.sdk.name` is this package's, not the SDK's."""

from importlib.metadata import PackageNotFoundError, version

from opentelemetry.sdk.resources import (
    TELEMETRY_SDK_NAME,
    TELEMETRY_SDK_VERSION,
    Resource,
)

NAME = "fastotel"
try:
    VERSION = version(NAME)
except PackageNotFoundError:
    VERSION = "unknown"


def identify(resource: Resource | None) -> Resource:
    """Return the resource with this package's name where it names an SDK; None is the process's own."""
    if resource is None:
        resource = Resource.create({})
    if not (resource.attributes or {}).get(TELEMETRY_SDK_NAME):
        return resource
    return resource.merge(Resource({TELEMETRY_SDK_NAME: NAME, TELEMETRY_SDK_VERSION: VERSION}))
