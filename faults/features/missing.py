"""The features of some users are deleted, again and again: the feature job writes them anew each minute."""

import time
from functools import cache
from zlib import crc32

from faults import Fault
from faults.backup import delete_backup, read_backup, save_backup
from faults.bucket import Bucket
from services.demo.storage.artefacts import features_key
from services.demo.storage.offline import OfflineFeatures, offline_key

NAME = "missing-features"
PERCENT = {"low": 10, "medium": 40, "high": 85}
"""Percent of the users."""

PREFIX = "features/"

_connect = cache(Bucket)


def inject(severity: str) -> str:
    """Deletes features; a sentence saying so."""
    _connect().live_version()
    save_backup(NAME, {"severity": severity.encode()})
    keep(severity, 0)
    return f"The features of {PERCENT[severity]}% of the users are deleted whenever they are written."


def keep(severity: str, elapsed: float) -> None:
    """Deletes those that were written since."""
    bucket = _connect()
    bucket.delete(key for key in bucket.list_keys(PREFIX) if concerns(key, PERCENT[severity]))


def concerns(key: str, percent: int) -> bool:
    """Whether the user of a feature object is of the `percent`: always the same ones, in every version."""
    user = key.rpartition("/")[2].removesuffix(".json")
    return crc32(user.encode()) % 100 < percent


def mend() -> None:
    """Writes what is missing, fresh, for each version that has features."""
    if not read_backup(NAME):
        return
    bucket = _connect()
    present = set(bucket.list_keys(PREFIX))
    for version in {key.split("/")[1] for key in present} | {bucket.live_version()}:
        _write_missing(bucket, version, present)
    delete_backup(NAME)


def _write_missing(bucket: Bucket, version: str, present: set[str]) -> None:
    card = bucket.read_card(version)
    features = OfflineFeatures.from_bytes(bucket.read(offline_key(version)) or b"", card.offline_sha256)
    for row, user in enumerate(features.user_ids.tolist()):
        key = features_key(version, user)
        if key not in present:
            bucket.write(key, features.encode(row, card.segments, time.time()))


FAULT = Fault(
    name=NAME,
    domain="data",
    impact="users without features get the popular list",
    inject=inject,
    mend=mend,
    keep=keep,
)
