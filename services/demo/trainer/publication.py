"""Write versions to object storage so that a crash at any point leaves no half-made version live.

Of a version, the features come first, then its other objects, then the card: a version that has a card is
complete.
`live.json` is written after all versions.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from services.demo.storage.artefacts import (
    LIVE_KEY,
    LivePointer,
    ModelCard,
    card_key,
)
from services.demo.storage.client import ObjectStore, list_keys, read_object
from services.demo.storage.patience import wait_out

DocumentT = TypeVar("DocumentT", bound=BaseModel)
WORKERS = 8
BATCH = 256
PATIENCE_SECONDS = 60.0


class Publication:
    """The bucket, as the trainer writes it. Operations wait up to a minute for storage that is away."""

    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def read_card(self, version: str) -> ModelCard | None:
        """A stored version's card; None if there is none that can be read."""
        return self._read(card_key(version), ModelCard)

    def read(self, key: str) -> bytes | None:
        """An object's content; None where there is none."""
        return wait_out(partial(read_object, self._store, self._bucket, key), seconds=PATIENCE_SECONDS)

    def list_keys(self, prefix: str) -> list[str]:
        """The keys that begin so."""
        return wait_out(partial(list_keys, self._store, self._bucket, prefix), seconds=PATIENCE_SECONDS)

    def read_live(self) -> str | None:
        """The live version's name; None if there is none that can be read."""
        pointer = self._read(LIVE_KEY, LivePointer)
        return pointer.version if pointer else None

    def write_live(self, version: str) -> None:
        """Make a version live."""
        self._write(LIVE_KEY, LivePointer(version=version))

    def write(self, key: str, content: bytes) -> None:
        """Put an object in the place of what was there."""
        self._put(key, content)

    def write_version(
        self, card: ModelCard, objects: Mapping[str, bytes], features: Iterable[tuple[str, bytes]]
    ) -> None:
        """Store a version: features by key, made as they are written, other objects, the card."""
        self._write_many(features)
        for key, content in objects.items():
            self._put(key, content)
        self._write(card_key(card.version), card)

    def _write_many(self, contents: Iterable[tuple[str, bytes]]) -> None:
        def write(entry: tuple[str, bytes]) -> None:
            self._put(*entry)

        remaining = iter(contents)
        with ThreadPoolExecutor(WORKERS) as pool:
            while batch := list(islice(remaining, BATCH)):
                for _ in pool.map(write, batch):
                    pass

    def _read(self, key: str, document: type[DocumentT]) -> DocumentT | None:
        data = self.read(key)
        try:
            return document.model_validate_json(data) if data is not None else None
        except ValidationError:
            return None

    def _write(self, key: str, document: BaseModel) -> None:
        self._put(key, document.model_dump_json().encode())

    def _put(self, key: str, content: bytes) -> None:
        content_type = "application/json" if key.endswith(".json") else "application/octet-stream"
        put = partial(
            self._store.put_object, Bucket=self._bucket, Key=key, Body=content, ContentType=content_type
        )
        wait_out(put, seconds=PATIENCE_SECONDS)
