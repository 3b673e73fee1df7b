"""The recommender's way to object storage."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.client import ObjectStore, make_client
from services.demo.storage.settings import StorageSettings


@dataclass(frozen=True)
class Connection:
    """A client that tries once, the bucket, and the address that telemetry names."""

    store: ObjectStore
    bucket: str
    host: str
    port: int


def connect(storage: StorageSettings, settings: RecommenderSettings) -> Connection:
    """Make the client; nothing is sent yet. One connection more than feature reads is for the model."""
    limit = settings.storage_hard_limit
    store = make_client(
        storage, connect_timeout=limit, read_timeout=limit, max_pool=settings.storage_concurrency + 1
    )
    address = urlsplit(storage.endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    return Connection(store, storage.bucket, address.hostname or "", port)
