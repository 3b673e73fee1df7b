"""Where the bucket is: in the stack's own MinIO, or at the S3 endpoint that STORAGE_ENDPOINT names."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from stack.credentials import share_keys


def _check_endpoint(address: str) -> str:
    if not address:
        return address
    try:
        parts = urlsplit(address.rstrip("/"))
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("write scheme, host and port alone, such as https://s3.example.org")
    return parts.geturl()


class StorageChoice(BaseSettings):
    """What a user may choose of object storage. An endpoint needs both keys; without one MinIO is started."""

    storage_endpoint: Annotated[str, AfterValidator(_check_endpoint)] = ""
    storage_access_key: Annotated[str, Field(pattern=r"^(.{3,})?$")] = ""
    storage_secret_key: Annotated[str, Field(repr=False)] = ""
    storage_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = "whence"
    storage_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    storage_addressing: Literal["path", "virtual"] = "path"

    @property
    def external_storage(self) -> bool:
        """Whether the bucket is somewhere else than in the stack's MinIO."""
        return bool(self.storage_endpoint)

    @property
    def storage_proxied(self) -> bool:
        """Whether the proxy can be in between: it has neither certificates nor the buckets' host names."""
        return not self.external_storage or (
            self.storage_endpoint.startswith("http:") and self.storage_addressing == "path"
        )

    @property
    def external_upstream(self) -> str:
        """The endpoint as `host:port`."""
        address = urlsplit(self.storage_endpoint)
        return f"{address.hostname}:{address.port or (443 if address.scheme == 'https' else 80)}"

    def choose_keys(self, credentials: dict[str, str]) -> dict[str, str]:
        """The credentials by variable name; at an endpoint of the user's, one pair of keys is everybody's."""
        if not self.external_storage:
            return credentials
        return share_keys(credentials, self.storage_access_key, self.storage_secret_key)
