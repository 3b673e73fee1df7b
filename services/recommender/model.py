"""A model version in memory, and how it is read from the bucket."""

from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from services.storage.artefacts import (
    LIVE_KEY,
    SEGMENTS,
    CorruptModel,
    LivePointer,
    ModelArrays,
    ModelCard,
    card_key,
    model_key,
)
from services.storage.client import ObjectStore, StorageError, read_object


class ModelUnavailable(RuntimeError):
    """No usable model could be read; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Model:
    """One version: its card and its checked arrays."""

    card: ModelCard
    arrays: ModelArrays

    @property
    def version(self) -> str:
        return self.card.version

    @property
    def dataset_id(self) -> str:
        return self.card.dataset_id

    @property
    def factors(self) -> int:
        """Number of latent factors f."""
        return int(self.arrays.item_factors.shape[1])

    def segment_of(self, user_id: int) -> str | None:
        """Name of the user's segment, None for a user this version was not trained on."""
        users = self.arrays.user_ids
        place = int(np.searchsorted(users, user_id))
        if place == len(users) or users[place] != user_id:
            return None
        return SEGMENTS[self.arrays.user_segments[place]]


def read_live_version(store: ObjectStore, bucket: str) -> str:
    """The version that live.json names. Raises `ModelUnavailable`."""
    body = _read(store, bucket, LIVE_KEY)
    try:
        return LivePointer.model_validate_json(body).version
    except ValidationError as error:
        raise ModelUnavailable(f"{LIVE_KEY} is not valid: {_first(error)}; run the trainer again") from error


def read_model(store: ObjectStore, bucket: str, version: str) -> Model:
    """Read and check a version: card, checksum, shapes. Raises `ModelUnavailable`."""
    try:
        card = ModelCard.model_validate_json(_read(store, bucket, card_key(version)))
        if card.version != version:
            raise CorruptModel(f"its card is that of {card.version}")
        return Model(card, ModelArrays.from_bytes(_read(store, bucket, model_key(version)), card.sha256))
    except ValidationError as error:
        raise ModelUnavailable(
            f"model {version} has no valid card: {_first(error)}; train it again"
        ) from error
    except CorruptModel as error:
        raise ModelUnavailable(f"model {version} is corrupt: {error}; train it again") from error


def _read(store: ObjectStore, bucket: str, key: str) -> bytes:
    try:
        body = read_object(store, bucket, key)
    except StorageError as error:
        raise ModelUnavailable(f"storage cannot be read: {error}") from error
    if body is None:
        raise ModelUnavailable(f"{key} is not in bucket {bucket}; run the trainer")
    return body


def _first(invalid: ValidationError) -> str:
    error = invalid.errors()[0]
    return ": ".join([*map(str, error["loc"]), error["msg"]])
