"""The recommender's way to object storage: one client for users' features, one for models."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from services.recommender.settings import RecommenderSettings
from services.storage.client import ObjectStore, make_client
from services.storage.settings import StorageSettings

MODEL_TIMEOUT = 10.0
"""Seconds that reading a model may go without an answer; nobody waits for it."""


@dataclass(frozen=True)
class Connection:
    """Clients by what they are for, the bucket, and the address telemetry names."""

    features: ObjectStore
    models: ObjectStore
    bucket: str
    host: str
    port: int


def connect(storage: StorageSettings, settings: RecommenderSettings) -> Connection:
    """Make the clients; nothing is sent yet. None of them retries."""
    limit = settings.storage_hard_limit
    features = make_client(
        storage, connect_timeout=limit, read_timeout=limit, max_pool=settings.storage_concurrency
    )
    models = make_client(storage, connect_timeout=MODEL_TIMEOUT, read_timeout=MODEL_TIMEOUT, max_pool=1)
    address = urlsplit(storage.endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    return Connection(features, models, storage.bucket, address.hostname or "", port)
