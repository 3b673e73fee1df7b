"""A model version in memory, and how it is read from the bucket."""

from dataclasses import dataclass

import numpy as np
import structlog
from pydantic import ValidationError
from whence_monitor import InvalidReference, Reference

from services.demo.storage.artefacts import (
    LIVE_KEY,
    SEGMENTS,
    CorruptModel,
    LivePointer,
    Materialised,
    ModelArrays,
    ModelCard,
    card_key,
    materialised_key,
    model_key,
    reference_key,
)
from services.demo.storage.client import ObjectStore, StorageError, read_object

log = structlog.get_logger()


class ModelUnavailable(RuntimeError):
    """No usable model could be read; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Model:
    """One version: its card, its checked arrays, and what its training data were like, if that is usable."""

    card: ModelCard
    arrays: ModelArrays
    reference: Reference | None = None

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


def read_card(store: ObjectStore, bucket: str, version: str) -> ModelCard:
    """Read and check a version's card. Raises `ModelUnavailable`."""
    try:
        card = ModelCard.model_validate_json(_read(store, bucket, card_key(version)))
    except ValidationError as error:
        raise ModelUnavailable(
            f"model {version} has no valid card: {_first(error)}; train it again"
        ) from error
    if card.version != version:
        raise ModelUnavailable(
            f"model {version} is corrupt: its card is that of {card.version}; train it again"
        )
    return card


def read_model(store: ObjectStore, bucket: str, card: ModelCard) -> Model:
    """Read and check the version of a card: checksum, shapes. Raises `ModelUnavailable`."""
    try:
        arrays = ModelArrays.from_bytes(_read(store, bucket, model_key(card.version)), card.sha256)
    except CorruptModel as error:
        raise ModelUnavailable(f"model {card.version} is corrupt: {error}; train it again") from error
    return Model(card, arrays, _read_reference(store, bucket, card.version))


def read_materialised(store: ObjectStore, bucket: str, version: str) -> Materialised | None:
    """What the feature job says of a version; None where it says nothing. Raises `ModelUnavailable`."""
    try:
        body = read_object(store, bucket, materialised_key(version))
        return Materialised.model_validate_json(body) if body is not None else None
    except StorageError as error:
        raise ModelUnavailable(f"storage cannot be read: {error}") from error
    except ValidationError:
        return None


def _read_reference(store: ObjectStore, bucket: str, version: str) -> Reference | None:
    """Without one the version answers as well, and its monitor takes the first answers for usual."""
    body = _find(store, bucket, reference_key(version))
    try:
        if body is not None:
            return Reference.from_json(body)
        problem = "there is none"
    except InvalidReference as error:
        problem = str(error)
    log.warning(
        "no training reference: the first answers are taken for usual; train again",
        version=version,
        problem=problem,
    )
    return None


def _read(store: ObjectStore, bucket: str, key: str) -> bytes:
    body = _find(store, bucket, key)
    if body is None:
        raise ModelUnavailable(f"{key} is not in bucket {bucket}; run the trainer")
    return body


def _find(store: ObjectStore, bucket: str, key: str) -> bytes | None:
    try:
        return read_object(store, bucket, key)
    except StorageError as error:
        raise ModelUnavailable(f"storage cannot be read: {error}") from error


def _first(invalid: ValidationError) -> str:
    error = invalid.errors()[0]
    return ": ".join([*map(str, error["loc"]), error["msg"]])
