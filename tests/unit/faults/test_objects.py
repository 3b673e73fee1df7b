"""Faults that change what is stored: as much as they say, and back as it was."""

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faults import backup
from faults.features import missing, stale
from faults.models import catalogue_corruption
from services.demo.storage.artefacts import (
    LIVE_KEY,
    SEGMENTS,
    LivePointer,
    ModelArrays,
    ModelCard,
    UserFeatures,
    card_key,
    features_key,
    model_key,
)
from services.demo.storage.offline import OfflineFeatures, offline_key
from services.demo.storage.policies import make_policy
from tests.unit.faults.fakes import MemoryBucket

VERSION = "als32-abcdef"
ITEMS, USERS = np.arange(1, 101, dtype=np.int32), np.arange(1, 201, dtype=np.int32)
ARRAYS = ModelArrays(
    item_ids=ITEMS,
    item_factors=np.ones((100, 2), dtype=np.float32),
    popular=np.array([95, 3, 60], dtype=np.int32),
    user_ids=USERS,
    user_segments=np.zeros(200, dtype=np.uint8),
)
OFFLINE = OfflineFeatures(
    user_ids=USERS,
    user_segments=ARRAYS.user_segments,
    user_factors=np.ones((200, 2), dtype=np.float32),
    seen_indptr=np.arange(201, dtype=np.int64),
    seen_items=np.ones(200, dtype=np.int32),
)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    monkeypatch.setattr(backup, "FOLDER", tmp_path / "faults")
    bucket = MemoryBucket()
    monkeypatch.setattr(catalogue_corruption, "Bucket", lambda: bucket)
    monkeypatch.setattr(missing, "_connect", lambda: bucket)
    model, offline = ARRAYS.to_bytes(), OFFLINE.to_bytes()
    bucket.write(LIVE_KEY, LivePointer(version=VERSION))
    bucket.write(model_key(VERSION), model)
    bucket.write(offline_key(VERSION), offline)
    bucket.write(card_key(VERSION), make_card(model, offline))
    for row, user in enumerate(USERS.tolist()):
        bucket.write(features_key(VERSION, user), OFFLINE.encode(row, SEGMENTS, 1.0))
    return bucket


def make_card(model: bytes, offline: bytes) -> ModelCard:
    return ModelCard(
        version=VERSION,
        dataset_id="d",
        trained_at=datetime(2026, 1, 1, tzinfo=UTC),
        algorithm="als",
        parameters={},
        metrics={},
        segments=SEGMENTS,
        code_revision="r",
        sha256=hashlib.sha256(model).hexdigest(),
        offline_sha256=hashlib.sha256(offline).hexdigest(),
    )


def published(bucket: MemoryBucket) -> ModelArrays:
    """As the recommender would read it."""
    return ModelArrays.from_bytes(bucket.objects[model_key(VERSION)], bucket.read_card(VERSION).sha256)


@pytest.mark.parametrize(("severity", "share"), catalogue_corruption.SHARES.items())
def test_a_share_of_the_catalogue_gets_ids_nobody_knows(
    bucket: MemoryBucket, severity: str, share: float
) -> None:
    before = dict(bucket.objects)
    catalogue_corruption.inject(severity)
    wrong = ~np.isin(published(bucket).item_ids, ITEMS)
    assert wrong.sum() == round(100 * share)
    catalogue_corruption.mend()
    assert bucket.objects == before
    assert backup.read_backup(catalogue_corruption.NAME) == {}


def test_the_popular_list_goes_wrong_with_the_catalogue() -> None:
    assert catalogue_corruption.shift(ARRAYS, 0.4).popular.tolist() == [195, 3, 60]


def test_a_version_published_anew_is_left_as_it_is(bucket: MemoryBucket) -> None:
    catalogue_corruption.inject("high")
    anew = catalogue_corruption.shift(ARRAYS, 0.0).to_bytes() + b" "
    bucket.write(model_key(VERSION), anew)
    bucket.write(card_key(VERSION), make_card(anew, b""))
    after = dict(bucket.objects)
    catalogue_corruption.mend()
    assert bucket.objects == after


def test_an_injection_cut_short_is_undone(bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(bucket.objects)
    write = MemoryBucket.write

    def fail_at_the_card(self: MemoryBucket, key: str, content: Any) -> None:
        if key == card_key(VERSION):
            raise OSError("gone")
        write(self, key, content)

    monkeypatch.setattr(MemoryBucket, "write", fail_at_the_card)
    with pytest.raises(OSError, match="gone"):
        catalogue_corruption.inject("high")
    monkeypatch.setattr(MemoryBucket, "write", write)
    catalogue_corruption.mend()
    assert bucket.objects == before


@pytest.mark.parametrize("key", [card_key(VERSION), model_key(VERSION)])
def test_a_mending_cut_short_is_done_again(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    before = dict(bucket.objects)
    catalogue_corruption.inject("high")
    write = MemoryBucket.write

    def fail(self: MemoryBucket, written: str, content: Any) -> None:
        if written == key:
            raise OSError("gone")
        write(self, written, content)

    monkeypatch.setattr(MemoryBucket, "write", fail)
    with pytest.raises(OSError, match="gone"):
        catalogue_corruption.mend()
    monkeypatch.setattr(MemoryBucket, "write", write)
    catalogue_corruption.mend()
    assert bucket.objects == before


@pytest.mark.parametrize(("severity", "percent"), missing.PERCENT.items())
def test_features_of_a_share_of_the_users_go_missing_and_come_back_fresh(
    bucket: MemoryBucket, severity: str, percent: int
) -> None:
    before = set(bucket.objects)
    missing.inject(severity)
    gone = before - bucket.objects.keys()
    assert len(gone) / 200 == pytest.approx(percent / 100, abs=0.1)
    assert all(key.startswith("features/") for key in gone)
    missing.mend()
    assert set(bucket.objects) == before
    fresh = UserFeatures.model_validate_json(bucket.objects[gone.pop()])
    assert fresh.computed_at == pytest.approx(time.time(), abs=60)


def test_what_the_job_writes_anew_is_deleted_again(bucket: MemoryBucket) -> None:
    objects = dict(bucket.objects)
    missing.inject("medium")
    left = set(bucket.objects)
    bucket.objects.update(objects)
    missing.keep("medium", 60)
    assert set(bucket.objects) == left


def test_the_feature_job_is_refused_for_some_users_or_stopped(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []

    class Admin:
        def policy_add(self, name: str, policy: dict[str, Any]) -> None:
            done.append(policy)

    monkeypatch.setattr(stale, "Bucket", lambda: bucket)
    monkeypatch.setattr(stale, "_connect", Admin)
    monkeypatch.setattr(stale, "stop", lambda name: done.append(f"stop {name}"))
    monkeypatch.setattr(stale, "start", lambda name: done.append(f"start {name}"))
    for severity in ("low", "high"):
        stale.inject(severity)
        stale.mend()
        stale.mend()
    refused, restored, *job = done
    assert restored == make_policy("features", "whence")
    assert refused["Statement"][:-1] == restored["Statement"]
    assert refused["Statement"][-1] == {
        "Effect": "Deny",
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::whence/features/*3.json"],
    }
    assert job == ["stop features", "start features"]
