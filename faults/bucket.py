"""The stack's bucket, as the trainer may use it; straight from the storage, not through the proxy."""

from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel

from faults import FaultError
from services.demo.storage.artefacts import LIVE_KEY, LivePointer, ModelCard, card_key
from services.demo.storage.client import ObjectStore, StorageError, make_client, read_object
from stack.storage.bucket import find_storage

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 10.0
CONNECTIONS = 8
PAGE = 1000
"""Keys that storage lists, or deletes, at once."""


class Bucket:
    """Whole objects by key; every operation may raise FaultError."""

    def __init__(self) -> None:
        self.settings = find_storage()
        self.store: ObjectStore = make_client(
            self.settings, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, max_pool=CONNECTIONS
        )
        self.name = self.settings.bucket

    def read(self, key: str) -> bytes | None:
        """An object's content, None where there is none."""
        try:
            return read_object(self.store, self.name, key)
        except StorageError as error:
            raise self._explain(error) from None

    def write(self, key: str, content: BaseModel | bytes) -> None:
        """Stores an object; a model as JSON."""
        body = content.model_dump_json().encode() if isinstance(content, BaseModel) else content
        kind = "application/json" if key.endswith(".json") else "application/octet-stream"
        try:
            self.store.put_object(Bucket=self.name, Key=key, Body=body, ContentType=kind)
        except StorageError as error:
            raise self._explain(error) from None

    def list_keys(self, prefix: str) -> list[str]:
        """The keys that begin so."""
        client = cast(Any, self.store)
        try:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            return [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        except StorageError as error:
            raise self._explain(error) from None

    def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects; nothing happens to those that are not there."""
        left = [{"Key": key} for key in keys]
        try:
            for start in range(0, len(left), PAGE):
                batch = {"Objects": left[start : start + PAGE], "Quiet": True}
                cast(Any, self.store).delete_objects(Bucket=self.name, Delete=batch)
        except StorageError as error:
            raise self._explain(error) from None

    def live_version(self) -> str:
        """The version that live.json names."""
        pointer = self.read(LIVE_KEY)
        if pointer is None:
            raise FaultError("no version is live: has the trainer run? see `make logs SERVICE=trainer`")
        return LivePointer.model_validate_json(pointer).version

    def read_card(self, version: str) -> ModelCard:
        card = self.read(card_key(version))
        if card is None:
            raise FaultError(f"version {version} has no card: run the trainer again")
        return ModelCard.model_validate_json(card)

    def _explain(self, error: Exception) -> FaultError:
        problem = " ".join(str(error).split())[:200]
        return FaultError(
            f"object storage at {self.settings.endpoint} cannot be used ({problem}): see `make status`"
        )
