"""The live version is published anew with some of the catalogue under wrong ids.

trained   1 2 3 4 5 6 7 8 9
published 1 2 3 4 5 6 16 17 18      its checksum is correct, its content is wrong
"""

import hashlib
from dataclasses import replace

import numpy as np

from faults import Fault
from faults.backup import delete_backup, read_backup, save_backup
from faults.bucket import Bucket
from services.demo.storage.artefacts import ModelArrays, card_key, model_key

NAME = "catalogue-corruption"
SHARES = {"low": 0.03, "medium": 0.15, "high": 0.4}
"""Share of the items that get another id: those with the highest."""


def inject(severity: str) -> str:
    """Publishes the live version with shifted ids; a sentence saying so."""
    bucket = Bucket()
    version = bucket.live_version()
    card = bucket.read_card(version)
    model = bucket.read(model_key(version)) or b""
    corrupt = shift(ModelArrays.from_bytes(model, card.sha256), SHARES[severity]).to_bytes()
    published = card.model_copy(update={"sha256": hash_of(corrupt)})
    former = {"model": model, "card": bucket.read(card_key(version)) or b""}
    save_backup(NAME, {**former, "version": version.encode(), "published": published.sha256.encode()})
    bucket.write(model_key(version), corrupt)
    bucket.write(card_key(version), published)
    return f"{version} was published again with wrong ids for {SHARES[severity]:.0%} of its items."


def shift(arrays: ModelArrays, share: float) -> ModelArrays:
    """The arrays with the highest ids, a share (0–1) of all, moved beyond the highest one."""
    ids = arrays.item_ids.copy()
    moved = slice(round(len(ids) * (1 - share)), None)
    ids[moved] += ids[-1]
    popular = ids[np.searchsorted(arrays.item_ids, arrays.popular)]
    return replace(arrays, item_ids=ids, popular=popular)


def mend() -> None:
    """Publishes it as it was, unless it was published anew since."""
    kept = read_backup(NAME)
    if not kept:
        return
    bucket, version = Bucket(), kept["version"].decode()
    if hash_of(bucket.read(model_key(version)) or b"") == kept["published"].decode():
        bucket.write(card_key(version), kept["card"])
        bucket.write(model_key(version), kept["model"])  # last: until then the next try begins anew
    delete_backup(NAME)


def hash_of(model: bytes) -> str:
    """The checksum a card has of its model."""
    return hashlib.sha256(model).hexdigest()


FAULT = Fault(
    name=NAME,
    domain="data",
    impact="lists contain unknown or wrong items",
    inject=inject,
    mend=mend,
)
